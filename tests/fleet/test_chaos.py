"""A short round of benchmarks/chaos.py: real processes are killed, Redis and PostgreSQL crash, the
storage refuses, a worker is cut off, messages are doubled and lost, and nothing is lost, doubled or
told wrong. The long one has more faults and a browser that looks on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from benchmarks._verdict import wrong
from ourvidz.embedded import processes

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

# Its servers are its own: the run's are not to be killed.
OURS = ("OURVIDZ_TEST_SERVERS", "PYTEST_XDIST_WORKER", "OMP_NUM_THREADS")


def test_nothing_is_lost_while_everything_breaks() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", "0"],
        cwd=processes.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert wrong(counts) == {}, done.stderr
    assert counts["accepted"] == counts["jobs"] > 20
    assert counts["succeeded"] > counts["jobs"] // 2
    assert counts["faults"] >= 10
