"""The second half of a job, on a thread of its own while the next one is denoised: encode, upload,
and the answer to the server. One job at a time, in the order in which they were made. Their leases
are kept by the heartbeat, like those of the jobs being made. Not for making anything.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from .client import Client
from .clips import Clip
from .errors import JobError
from .job import Job, Target
from .making import Ending
from .outputs import Output, Package, packed, thumbnail
from .state import State

log = logging.getLogger(__name__)

MOST_TOGETHER = 32  # reports in one call


@dataclass(frozen=True, slots=True)
class Parcel:
    """A job's files that are small enough to travel with its report, by upload url."""

    ending: Ending
    package: Package
    files: dict[str, Output]

    @property
    def size(self) -> int:
        """Bytes altogether."""
        return sum(file.size for file in self.files.values())


class Shipping:
    """`take` and `close` are for the thread that makes jobs."""

    def __init__(self, client: Client, state: State) -> None:
        self.client, self.state = client, state
        self.thread = ThreadPoolExecutor(1, "shipping")
        # A file and what is shown of it travel at once.
        self.second = ThreadPoolExecutor(1, "upload")
        self.last: Future[None] | None = None
        # While whoever makes jobs waits for us: how many it would claim next, and what came of it.
        self.most = 0
        self.brought: list[Job] = []

    def take(self, endings: list[Ending], most: int, is_last: bool = False) -> list[Job]:
        """Send what jobs ended with; returns at once unless those before are still on their way, so
        that no more than what is made and what is sent is ever in hand. Then the report of the last
        one may bring up to `most` jobs, which are returned: it is a claim less. Where it `is_last`,
        waits for these too."""
        found = self.brought_by(most)
        self.last = self.thread.submit(self.ship_all, endings)
        return found or (self.brought_by(most) if is_last else [])

    def brought_by(self, most: int) -> list[Job]:
        """Wait for what is on its way; the jobs that its report brought, `most` at most."""
        self.most = most
        self.wait()
        self.most = 0
        found, self.brought = self.brought, []
        return found

    def wait(self) -> None:
        """Until nothing is on its way."""
        if self.last:
            self.last.result()

    def close(self) -> None:
        """Send what is left, then no more."""
        self.wait()
        self.thread.shutdown()
        self.second.shutdown()

    def ship_all(self, endings: list[Ending]) -> None:
        """Small files together, with one word for all; what is larger one after the other."""
        together: list[Parcel] = []
        for ending in endings:
            is_last, package = ending is endings[-1], self.packed(ending)
            parcel = self.parcel(ending, package)
            if parcel:
                together.append(parcel)
            if together and (is_last or not parcel or not has_room(together)):
                self.ship(together, is_last and parcel is not None)
                together = []
            if not parcel:
                self.ship_alone(ending, package, is_last)

    def ship(self, parcels: list[Parcel], is_last: bool) -> None:
        """One report for all of them; what is not taken so goes by itself."""
        taken = self.taken(parcels, is_last)
        for each in parcels[:taken]:
            self.state.end(each.ending.job.id)
        for each in parcels[taken:]:
            self.ship_alone(each.ending, each.package, is_last and each is parcels[-1])

    def taken(self, parcels: list[Parcel], is_last: bool) -> int:
        """How many of them the server took at once, from the first."""
        bodies = [self.body(each.ending, each.package.described) for each in parcels]
        files = {url: file for each in parcels for url, file in each.files.items()}
        try:
            brought, taken = self.client.deliver(bodies, files, self.wanted(is_last))
        except Exception:
            log.exception("Job %s: its files go by themselves", parcels[0].ending.job.id)
            return 0
        self.brought += brought
        return taken

    def ship_alone(self, ending: Ending, package: Package | None, is_last: bool) -> None:
        """Upload, report; whatever goes wrong, the job ends here."""
        job = ending.job
        try:
            body = self.body(ending, self.uploaded(package, ending) if package else {})
            # A result is worth waiting for a restarting server, as long as the lease may hold.
            patience, most = job.lease_seconds, self.wanted(is_last)
            self.brought += self.client.callback(body, patience=patience, most=most)
        except Exception:
            log.exception("Job %s: its end could not be reported", job.id)
        finally:
            self.state.end(job.id)

    def wanted(self, is_last: bool) -> int:
        """How many jobs the answer may bring: asked for as late as it can be, since whoever makes
        jobs may have begun to wait."""
        free = is_last and not self.state.stopping and not self.state.draining
        return self.most if free and not self.brought else 0

    def packed(self, ending: Ending) -> Package | None:
        """Encode what the job made; None where there is nothing, or it cannot be encoded."""
        ending.arrived()
        if ending.result is None:
            return None
        try:
            with ending.timed("encode"):
                return self.encoded(ending.result, ending.job)
        except Exception as problem:
            ending.failed(problem)
            return None

    def encoded(self, result: Image.Image | Clip, job: Job) -> Package:
        """The files; a picture's thumbnail is made beside it where both travel together."""
        if isinstance(result, Clip) or not job.carried_bytes:
            return packed(result, job)
        small = self.second.submit(thumbnail, result)
        return replace(packed(result, job), thumbnail=small.result)

    def parcel(self, ending: Ending, package: Package | None) -> Parcel | None:
        """What may travel with the report; None where it is nothing, or too much."""
        job = ending.job
        if not package or package.preview or package.file.size > job.carried_bytes:
            return None
        files = {job.upload.url: package.file}
        small = self.shown(package, job)
        if small and job.thumbnail_upload:
            files[job.thumbnail_upload.url] = small
        parcel = Parcel(ending, package, files)
        return parcel if parcel.size <= job.carried_bytes else None

    def shown(self, package: Package, job: Job) -> Output | None:
        """The thumbnail; a job is not worth losing for it."""
        try:
            return package.thumbnail()
        except Exception:
            log.exception("Job %s: no thumbnail", job.id)
            return None

    def body(self, ending: Ending, output: dict[str, Any]) -> dict[str, Any]:
        """The job's callback."""
        how: dict[str, Any] = {"status": "canceled"}
        if ending.error:
            how = {"status": "failed", "error": ending.error.as_dict()}
        elif output:
            how = {"status": "succeeded", "output": output}
        log.info("Job %s: %s after %s", ending.job.id, how["status"], ending.timings)
        identity = {"job_id": ending.job.id, "attempt": ending.job.attempt}
        return identity | how | {"timings": rounded(ending.timings)}

    def uploaded(self, package: Package, ending: Ending) -> dict[str, Any]:
        """Send the files by themselves; the `output` of the callback, empty where that failed."""
        try:
            with ending.timed("upload"):
                self.upload(package, ending)
        except Exception as problem:
            ending.failed(problem)
            return {}
        return package.described

    def upload(self, package: Package, ending: Ending) -> None:
        """Send the file, and what is shown of it meanwhile."""
        job = ending.job
        shown = self.second.submit(self.send_shown, package, ending)
        self.send(job.upload, package.file)
        shown.result()

    def send_shown(self, package: Package, ending: Ending) -> None:
        """Send the thumbnail and the preview; a job is not worth losing for them."""
        job = ending.job
        targets = ((job.thumbnail_upload, package.thumbnail), (job.preview_upload, package.preview))
        for target, make in targets:
            try:
                if target and make:
                    self.send(target, make())
            except JobError as error:
                log.warning("Job %s: %s was not stored: %s", job.id, target, error)

    def send(self, target: Target, file: Output) -> None:
        """Upload one file."""
        self.client.upload(target, file.file, file.mime_type, file.sha256)


def has_room(parcels: list[Parcel]) -> bool:
    """True where one more like the last would still fit into the same report."""
    size, last = sum(each.size for each in parcels), parcels[-1]
    return len(parcels) < MOST_TOGETHER and size + last.size <= last.ending.job.carried_bytes


def rounded(timings: dict[str, float]) -> dict[str, float]:
    """Seconds to a tenth of a millisecond: more digits mean nothing."""
    return {stage: round(seconds, 4) for stage, seconds in timings.items()}
