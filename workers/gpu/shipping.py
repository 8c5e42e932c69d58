"""The second half of a job, on a thread of its own while the next one is denoised: encode, upload,
and the answer to the server. One job at a time, in the order in which they were made. Their leases
are kept by the heartbeat, like those of the jobs being made. Not for making anything.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
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
        """One after the other."""
        for ending in endings:
            self.ship(ending, is_last=ending is endings[-1])

    def ship(self, ending: Ending, is_last: bool) -> None:
        """Encode, upload, report; whatever goes wrong, the job ends here."""
        try:
            self.brought = self.reported(ending, is_last)
        except Exception:
            log.exception("Job %s: its end could not be reported", ending.job.id)
        finally:
            self.state.end(ending.job.id)

    def reported(self, ending: Ending, is_last: bool) -> list[Job]:
        """Send the files and say how the job ended; the jobs that the answer brought."""
        job, package = ending.job, self.packed(ending)
        if package and (parcels := self.parcels(package, job)):
            body = self.body(ending, package.described)
            found = self.client.deliver(body, parcels, self.wanted(is_last))
            if found is not None:
                return found
        body = self.body(ending, self.uploaded(package, ending) if package else {})
        # A result is worth waiting for a restarting server, as long as the lease may hold.
        return self.client.callback(body, patience=job.lease_seconds, most=self.wanted(is_last))

    def wanted(self, is_last: bool) -> int:
        """How many jobs the answer may bring: asked for as late as it can be, since whoever makes
        jobs may have begun to wait."""
        free = is_last and not self.state.stopping and not self.state.draining
        return self.most if free else 0

    def packed(self, ending: Ending) -> Package | None:
        """Encode what the job made; None where there is nothing, or it cannot be encoded."""
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

    def parcels(self, package: Package, job: Job) -> dict[str, Output]:
        """What may travel with the report, by upload url: nothing where it is too much."""
        if package.preview or package.file.size > job.carried_bytes:
            return {}
        found = {job.upload.url: package.file}
        small = self.shown(package, job)
        if small and job.thumbnail_upload:
            found[job.thumbnail_upload.url] = small
        return found if sum(file.size for file in found.values()) <= job.carried_bytes else {}

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


def rounded(timings: dict[str, float]) -> dict[str, float]:
    """Seconds to a tenth of a millisecond: more digits mean nothing."""
    return {stage: round(seconds, 4) for stage, seconds in timings.items()}
