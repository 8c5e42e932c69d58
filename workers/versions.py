"""Which workers a site works with: during an update both releases run for a while, so one release
before and one after are taken. Not for what a release can do.
"""

from __future__ import annotations

import re

from ourvidz.errors import Refused

# The site's own release; the engine's is workers/gpu's, and a test compares them.
RELEASE = "0.1.0"


def check(version: str) -> None:
    """Accept a worker's version: the same first number, and the second at most one away. One that
    names none is taken at its word for the rest. Raises Refused('worker_version').
    """
    if not version:
        return
    theirs, ours = _parts(version), _parts(RELEASE)
    if theirs[0] != ours[0] or abs(theirs[1] - ours[1]) > 1:
        raise Refused("worker_version", version=version, site=RELEASE)


def _parts(version: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version)
    # What is no number is as far away as can be.
    return (int(found[1]), int(found[2])) if found else (-1, -1)
