"""The GPU process with everything real but the work: each job is the same small picture, at once,
and its log says when it reached the engine. For what surrounds the work. Not for pictures.
Run like the real one: python -m benchmarks._noop_worker
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from workers.gpu.__main__ import main
from workers.gpu.clips import Clip
from workers.gpu.engine import Engine
from workers.gpu.job import Job, Preset
from workers.gpu.progress import Step

PICTURE = Image.new("RGB", (64, 64), "teal")
AT_ONCE = int(os.environ.get("NOOP_AT_ONCE", "1"))  # jobs that it takes together
REACHED = re.compile(r"^reached (\S+) (\S+)$", re.MULTILINE)


class Nothing(Engine):
    """An engine that does nothing."""

    @property
    def at_once(self) -> int:
        return AT_ONCE

    def warm_up(self) -> None:
        """Nothing is to be imported."""

    def load(self, preset: Preset) -> float:
        return 0.0

    def run(self, job: Job, given: Any, on_step: Callable[[Step], None]) -> Image.Image | Clip:
        print(f"reached {job.id} {time.time()}", flush=True)
        return PICTURE

    def run_many(
        self, jobs: Sequence[Job], loras: Any, on_steps: Sequence[Callable[[Step], None]]
    ) -> list[Image.Image]:
        return [PICTURE for _ in jobs]


def reached(log: str) -> dict[str, float]:
    """When each job of such a process's log reached its engine, in seconds since 1970."""
    return {job: float(at) for job, at in REACHED.findall(log)}


if __name__ == "__main__":
    sys.exit(main(Nothing))
