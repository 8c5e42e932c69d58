"""What can go wrong while a job is made: codes with parameters; the server makes the sentences.

Not for errors of the connection to the server: those are in client.py and never reach a job.
"""

from typing import Any

LONGEST_DETAIL = 300


class JobError(Exception):
    """A job cannot be finished here; `retryable` says whether another attempt may help."""

    def __init__(self, code: str, *, retryable: bool = False, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params, self.retryable = code, params, retryable

    def as_dict(self) -> dict[str, Any]:
        """The `error` object of the protocol's job-callback."""
        return {"code": self.code, "params": self.params, "retryable": self.retryable}

    def __str__(self) -> str:
        return f"{self.code} {self.params}" if self.params else self.code


class Canceled(Exception):
    """The person took the job back; raised at a denoising step."""


class HandedBack(JobError):
    """This process has been told to stop before the job could be finished."""

    def __init__(self) -> None:
        super().__init__("worker_handed_back", retryable=True)


def understood(error: Exception) -> JobError:
    """The job's failure for any exception that a pipeline raised."""
    if isinstance(error, JobError):
        return error
    if is_out_of_memory(error):
        return JobError("out_of_memory", retryable=True)
    detail = f"{type(error).__name__}: {error}"[:LONGEST_DETAIL]
    return JobError("engine_error", retryable=True, detail=detail)


def is_out_of_memory(error: BaseException) -> bool:
    """True for Python's MemoryError and for torch's, whose classes differ by device."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate" in text)
