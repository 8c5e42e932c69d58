"""How a benchmark says what it found: one JSON line a claim, and the samples in a file with the
machine they come from. Not for measuring: each benchmark does that itself.
"""

from __future__ import annotations

import json
import operator
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
FEWEST_SAMPLES = 30
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def report(
    claim: str,
    *,
    value: float,
    unit: str,
    goal: str,
    samples: Sequence[float],
    reference: str,
    digits: int = 3,
) -> bool:
    """Print a claim and keep its samples; returns whether the goal was met.

    `goal` is a comparison with a number in `unit`, such as "<= 50". `reference` says what the value
    is compared with, or where the goal comes from. Raises ValueError for fewer than 30 samples.
    """
    if len(samples) < FEWEST_SAMPLES:
        raise ValueError(f"{claim}: {len(samples)} samples are too few; take {FEWEST_SAMPLES}.")
    sign, limit = goal.split()
    met = bool(COMPARE[sign](value, float(limit)))
    line = {
        "claim": claim,
        "value": round(value, digits),
        "unit": unit,
        "reference": reference,
        "goal": goal,
        "met": met,
    }
    _keep(line, [float(sample) for sample in samples])
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return met


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the samples do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def median(samples: Sequence[float]) -> float:
    """Return the middle sample."""
    return statistics.median(samples)


def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores, memory, how busy it was, versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": _commit(),
    }


def _keep(line: dict[str, Any], samples: list[float]) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", f"{_benchmark()} {line['claim']}".lower()).strip("-")
    kept = line | {"taken_at": datetime.now(UTC).isoformat(), "machine": machine()}
    text = json.dumps(kept | {"samples": samples}, ensure_ascii=False, indent=1)
    (RESULTS / f"{name[:120]}.json").write_text(text + "\n")


def _benchmark() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name.rsplit(".", 1)[-1] if spec else Path(sys.argv[0]).stem


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"model name\s*:\s*(.+)", facts)
    return found[1].strip() if found else platform.machine()


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=RESULTS.parent)
    return done.stdout.strip()
