"""The one error of the embedded services: a sentence for the person at the terminal, saying what
happened and what to do. Not for answers to web requests (see ourvidz.errors).
"""

from __future__ import annotations

import errno
from pathlib import Path


class StartFailed(Exception):
    """A service cannot start. Its text is shown to a person as it is."""


def explain(error: OSError, what: str) -> StartFailed:
    """Turn a failed system call into a sentence. `what` names the thing that was being written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StartFailed(
            f"The disk is full: {what} could not be written. Free some space, or set "
            "OURVIDZ_DATA_DIR to a folder on another disk, and start again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StartFailed(
            f"{what} could not be written ({error.strerror}). Make the folder writable, or set "
            "OURVIDZ_DATA_DIR to one that is, and start again."
        )
    return StartFailed(f"{what} could not be written: {error}.")


def from_log(name: str, log: Path) -> StartFailed:
    """Explain why the server called `name` ended at once, from the end of its log."""
    lines = log.read_text(errors="replace").splitlines()[-8:] if log.exists() else []
    if any("No space left on device" in line for line in lines):
        return explain(OSError(errno.ENOSPC, "no space"), f"The data of {name}")
    tail = "\n  ".join(lines) or "(nothing)"
    return StartFailed(f"{name} did not start. Its log, {log}, ends with:\n  {tail}")
