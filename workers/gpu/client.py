"""The worker's side of the protocol over HTTP: every call to the server and to storage is here.

A network error or a busy server is tried again with growing, jittered pauses; what remains is a
ServerError whose text can be read by a person. Not for deciding what a failure means for a job.
"""

import base64
import hashlib
import logging
import math
import queue
import tempfile
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from json import dumps
from typing import IO, Any

import httpx
import tenacity

from .config import Config
from .errors import JobError
from .job import Job, Target
from .outputs import Output
from .state import State

log = logging.getLogger(__name__)

TOO_LARGE, TOO_MANY, SERVER_FAILED = 413, 429, 500
IN_MEMORY = 32 * 1024 * 1024  # bytes of a download; what is larger goes to a temporary file
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds
UNTIL_GIVING_UP = 20.0  # seconds, for calls that another wake repeats anyway
CLAIM_WAITS = 25  # seconds that a claim waits for work, where the server lets it


class ServerError(Exception):
    """The server could not be reached, or refused; `status` is 0 when there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def passing(self) -> bool:
        """True when the same call may succeed later."""
        return self.status in (0, TOO_MANY) or self.status >= SERVER_FAILED


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server answered to `register`: our name there, and its intervals."""

    name: str
    lease_seconds: float
    heartbeat_seconds: float
    poll_seconds: float


class Client:
    """One connection pool to the server and one, without our token, to storage."""

    def __init__(self, config: Config, state: State) -> None:
        self.config, self.state = config, state
        timeout = httpx.Timeout(30.0, connect=5.0)
        self.server = httpx.Client(
            base_url=f"{config.url}/api/v1/worker/",
            headers={
                "Authorization": f"Bearer {config.token}",
                "Accept": "application/json",
                # A token is for one process: the server tells the earlier of two.
                "Ourvidz-Process": uuid.uuid4().hex,
            },
            timeout=timeout,
        )
        self.storage = httpx.Client(base_url=config.url, timeout=timeout)
        self.waiting = False  # whether we are waiting in a claim now
        self.waited = True  # whether the server lets us, as far as is known
        self.more = True  # whether, as far as we were told, anything is left for us

    def close(self) -> None:
        """Give the connections back."""
        self.server.close()
        self.storage.close()

    def enrol(self, name: str) -> None:
        """Become a worker of our pool, if we are none; waits for a server as `register` does."""
        if self.config.token or not self.config.pool_token:
            return
        headers = {"Authorization": f"Bearer {self.config.pool_token}"}
        answer = self.again(lambda: self.post("enrol", {"name": name}, headers=headers), None)
        self.server.headers["Authorization"] = f"Bearer {answer['token']}"

    def register(self, description: dict[str, Any]) -> Terms:
        """Say who we are; waits for a server that is not there yet until we are told to stop."""
        answer = self.again(lambda: self.post("register", description), None)
        return Terms(
            str(answer["name"]),
            float(answer["lease_seconds"]),
            float(answer["heartbeat_seconds"]),
            float(answer.get("poll_seconds", 2)),
        )

    def heartbeat(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say that we live; answers {drain, cancel}. Tried once: the next one comes soon."""
        return self.post("heartbeat", body, timeout=5.0)

    def claim(self, most: int) -> list[Job]:
        """Take the next job, with up to `most` altogether that can be made at once with it; none
        when nothing waits for us."""
        body = self.wanted(most)
        return self.jobs_of(self.again(lambda: self.post("claim", body)))

    def await_jobs(self, most: int) -> list[Job]:
        """The same, once there is a job; none when there was none for a while. A server of an older
        release answers at once."""
        body = self.wanted(most)
        self.waiting = True
        try:
            return self.jobs_of(self.again(lambda: self.claim_and_wait(body)))
        finally:
            self.waiting = False

    def jobs_of(self, answer: dict[str, Any]) -> list[Job]:
        """The jobs that an answer brings; one of an older release brings one at most, and does not
        say whether there is more."""
        self.more = bool(answer.get("more", True))
        found = answer.get("jobs") or [answer.get("job")]
        return [Job.read(each) for each in found if each]

    def wanted(self, most: int) -> dict[str, Any]:
        """A claim's body."""
        return {
            "queues": list(self.config.queues),
            "presets": list(self.config.presets),
            "loaded_preset": self.state.loaded_preset,
            "max_jobs": most,
        }

    def claim_and_wait(self, body: dict[str, Any]) -> dict[str, Any]:
        """One claim that waits for work, on a thread of its own, so that we can be stopped
        meanwhile: nothing is held, and a job that is given at that very moment goes to another
        when its lease ends."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self.wait_for_work, args=(body, answers), daemon=True).start()
        while True:
            try:
                answer = answers.get(timeout=0.2)
            except queue.Empty:
                if self.state.stopping:
                    return {}
                continue
            if isinstance(answer, ServerError):
                raise answer
            return answer

    def wait_for_work(self, body: dict[str, Any], answers: "queue.SimpleQueue[Any]") -> None:
        """Put the claim's answer, or its ServerError, into `answers`."""
        headers = {"Prefer": f"wait={CLAIM_WAITS}"}
        timeout = httpx.Timeout(CLAIM_WAITS + 10.0, connect=5.0)
        try:
            response = self.answer_to("claim", body, headers=headers, timeout=timeout)
            self.waited = "preference-applied" in response.headers
            answers.put(response.json() if response.content else {})
        except Exception as error:
            # Also what is no answer of ours, such as a proxy's page: somebody waits for a word.
            self.waited = False
            answers.put(error if isinstance(error, ServerError) else ServerError(str(error)))

    def progress(self, body: dict[str, Any]) -> bool:
        """Report a step; True when the job is canceled. Tried once: the next step comes soon."""
        return bool(self.post("progress", body, timeout=5.0).get("cancel"))

    def callback(self, body: dict[str, Any], patience: float, most: int = 0) -> list[Job]:
        """Say how a job ended, for up to `patience` seconds. With `most`, the answer may bring what
        a claim would; a server of an older release brings nothing."""
        more = {"claim": self.wanted(most)} if most else {}
        try:
            answer = self.again(
                lambda: self.post("job-callback", body | more), patience, stoppable=False
            )
        except ServerError as error:
            log.error("Job %s: its end could not be reported: %s", body["job_id"], error)
            return []
        return self.jobs_of(answer)

    def deliver(
        self, bodies: Sequence[dict[str, Any]], files: dict[str, Output], most: int = 0
    ) -> tuple[list[Job], int]:
        """Say how jobs ended, their files (by upload url) beside the word: one call for all. Tried
        once; returns the jobs that the answer brought, and how many were taken, from the first.
        What is left must go by itself: a server of an older release takes one, or none."""
        body, *others = bodies
        more: dict[str, Any] = {"also": others} if others else {}
        if most:
            more["claim"] = self.wanted(most)
        parts = {
            url.rpartition("/")[2]: ("file", file.file, file.mime_type)
            for url, file in files.items()
        }
        try:
            response = self.sent("job-callback", data={"report": dumps(body | more)}, files=parts)
        except ServerError as error:
            log.info("Job %s: its files go by themselves: %s", body["job_id"], error)
            return [], 0
        answer = response.json()
        return self.jobs_of(answer), 1 + len(answer.get("also", []))

    def post(self, path: str, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        """One POST; the answer's object ({} when empty); raises ServerError."""
        response = self.answer_to(path, body, **options)
        return response.json() if response.content else {}

    def answer_to(self, path: str, body: dict[str, Any], **options: Any) -> httpx.Response:
        """One POST of JSON; its successful answer; raises ServerError."""
        return self.sent(path, json=body, **options)

    def sent(self, path: str, **options: Any) -> httpx.Response:
        """One POST; its successful answer; raises ServerError."""
        try:
            response = self.server.post(path, **options)
        except httpx.HTTPError as error:
            raise ServerError(unreachable(self.config.url, error)) from error
        if not response.is_success:
            raise ServerError(refusal(path, response), response.status_code)
        return response

    def again(
        self,
        call: Callable[[], Any],
        patience: float | None = UNTIL_GIVING_UP,
        stoppable: bool = True,
    ) -> Any:
        """Repeat a call while its failure may pass, for `patience` seconds (None: without end)."""
        long = math.inf if patience is None else patience
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, ServerError) and e.passing),
            wait=tenacity.wait_exponential_jitter(SHORTEST_PAUSE, LONGEST_PAUSE, jitter=0.1),
            sleep=self.state.sleep if stoppable else tenacity.nap.sleep,
            before_sleep=say_once,
            stop=lambda state: too_long(state, long) or (stoppable and self.state.stopping),
            reraise=True,
        )(call)

    def download(self, url: str, most: int) -> IO[bytes]:
        """A file from storage, rewound; raises ServerError, with status 413 beyond `most` bytes."""
        return self.again(lambda: self.get(url, most), stoppable=False)

    def get(self, url: str, most: int) -> IO[bytes]:
        """One download; small files stay in memory."""
        file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        try:
            with self.storage.stream("GET", url, follow_redirects=True) as response:
                if not response.is_success:
                    response.read()
                    raise ServerError(refusal("download", response), response.status_code)
                for piece in response.iter_bytes(1 << 20):
                    if file.tell() + len(piece) > most:
                        raise ServerError("the file is larger than it was said to be", TOO_LARGE)
                    file.write(piece)
        except httpx.HTTPError as error:
            raise ServerError(unreachable("the storage", error)) from error
        file.seek(0)
        return file

    def upload(self, target: Target, file: IO[bytes], mime_type: str, sha256: str) -> None:
        """Stream a file to its target, check what arrived; raises JobError storage_refused."""
        patience = UNTIL_GIVING_UP / 2 if target.fallback else UNTIL_GIVING_UP
        try:
            self.again(lambda: self.put(target, file, mime_type, sha256), patience, stoppable=False)
        except ServerError as error:
            log.warning("Storage refused an upload: %s", error)
            if not target.fallback:
                raise JobError("storage_refused", retryable=True, status=error.status) from error
            self.upload(target.fallback, file, mime_type, sha256)

    def put(self, target: Target, file: IO[bytes], mime_type: str, sha256: str) -> None:
        """One upload from the file's start."""
        file.seek(0)
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers = {"Content-Type": mime_type, "Content-Digest": f"sha-256=:{digest}:"}
        headers |= target.headers
        try:
            response = self.storage.request(
                target.method, target.url, content=file, headers=headers
            )
        except httpx.HTTPError as error:
            raise ServerError(unreachable("the storage", error)) from error
        if not response.is_success:
            raise ServerError(refusal("upload", response), response.status_code)
        if not arrived_whole(response, file, sha256):
            raise ServerError("what the storage holds differs from what was sent", 502)


def arrived_whole(response: httpx.Response, file: IO[bytes], sha256: str) -> bool:
    """Compare the checksum the storage answers: our server's sha256, or S3's MD5 as ETag."""
    if response.headers.get("content-type", "").startswith("application/json"):
        return response.json().get("sha256", sha256) == sha256
    tag = response.headers.get("etag", "").strip('"')
    if len(tag) != 32 or not set(tag) <= set("0123456789abcdef"):
        return True  # encrypted or multipart objects: their tag is no checksum
    md5 = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    while piece := file.read(1 << 20):
        md5.update(piece)
    return md5.hexdigest() == tag


def unreachable(what: str, error: Exception) -> str:
    """A sentence for a call that got no answer."""
    return f"{what} cannot be reached ({type(error).__name__}: {error})"


def refusal(path: str, response: httpx.Response) -> str:
    """A sentence for an answer that is no success, in the server's words where it has some."""
    try:
        detail = str(response.json().get("detail") or response.json().get("title") or "")
    except (ValueError, AttributeError):
        detail = ""
    reason = detail or response.reason_phrase
    return f"{path} was answered with {response.status_code} {reason}".strip()


def too_long(state: tenacity.RetryCallState, seconds: float) -> bool:
    """True once a series of tries has lasted this long."""
    return (state.seconds_since_start or 0.0) >= seconds


def say_once(retry_state: tenacity.RetryCallState) -> None:
    """Log the first failure of a series only, so that a server restart does not fill the log."""
    if retry_state.attempt_number == 1 and retry_state.outcome:
        log.warning("%s; trying again", retry_state.outcome.exception())
