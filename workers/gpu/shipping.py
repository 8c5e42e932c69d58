"""The second half of a job, on a thread of its own while the next one is denoised: encode, upload,
and the answer to the server. One job at a time, in the order in which they were made. Their leases
are kept by the heartbeat, like those of the jobs being made. Not for making anything.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PIL import Image

from .client import Client
from .clips import Clip
from .errors import JobError
from .job import Job, Target
from .making import Ending
from .outputs import Output, Package, packed
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

    def take(self, endings: list[Ending], most: int) -> list[Job]:
        """Send what jobs ended with; returns at once unless those before are still on their way, so
        that no more than what is made and what is sent is ever in hand. Then the report of the last
        one may bring up to `most` jobs, which are returned: it is a claim less."""
        self.most = most
        self.wait()
        self.most = 0
        found, self.brought = self.brought, []
        self.last = self.thread.submit(self.ship_all, endings)
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
        job = ending.job
        try:
            body = self.body(ending)
            free = is_last and not self.state.stopping and not self.state.draining
            most = self.most if free else 0
            # A result is worth waiting for a restarting server, as long as the lease may hold.
            self.brought = self.client.callback(body, patience=job.lease_seconds, most=most)
            log.info("Job %s: %s after %s", job.id, body["status"], body["timings"])
        except Exception:
            log.exception("Job %s: its end could not be reported", job.id)
        finally:
            self.state.end(job.id)

    def body(self, ending: Ending) -> dict[str, Any]:
        """The job's callback."""
        output: dict[str, Any] = {}
        try:
            if ending.result is not None:
                output = self.stored(ending, ending.result)
        except Exception as problem:
            ending.failed(problem)
        how: dict[str, Any] = {"status": "canceled"}
        if ending.error:
            how = {"status": "failed", "error": ending.error.as_dict()}
        elif output:
            how = {"status": "succeeded", "output": output}
        identity = {"job_id": ending.job.id, "attempt": ending.job.attempt}
        return identity | how | {"timings": rounded(ending.timings)}

    def stored(self, ending: Ending, result: Image.Image | Clip) -> dict[str, Any]:
        """Encode and upload; the `output` of the callback."""
        with ending.timed("encode"):
            package = packed(result, ending.job)
        with ending.timed("upload"):
            self.upload(package, ending)
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
