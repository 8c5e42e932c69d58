"""The GPU process as it is on a GPU, where a processor is all there is: what was denoised is
decoded beside the next job. Run like the real one: python -m tests.workers.beside_worker
"""

from __future__ import annotations

import sys
from typing import Any

from workers.gpu.__main__ import main
from workers.gpu.decoding import Decoding
from workers.gpu.engine import Engine

COMMAND = [sys.executable, "-u", "-m", "tests.workers.beside_worker"]


class Beside(Engine):
    """The engine, and the thread that a processor would do without."""

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.decoding = Decoding(self, beside=True)


if __name__ == "__main__":
    sys.exit(main(Beside))
