"""`make bench`: runs every benchmark of this folder in a process of its own and lists the goals
that were missed. Not for measuring: see the benchmarks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main(chosen: list[str]) -> int:
    """Run the benchmarks named, or all. Returns 1 where one broke; a missed goal is no error."""
    names = chosen or sorted(p.stem for p in FOLDER.glob("*.py") if p.stem[0] != "_")
    missed: list[str] = []
    broken: list[str] = []
    for name in names:
        if name == "run":
            continue
        print(f"# {name}", file=sys.stderr, flush=True)
        status = _run(name, missed)
        if status:
            broken.append(f"{name} (status {status})")
    for title, found in (("Goals missed", missed), ("Broken", broken)):
        print(f"# {title}: {', '.join(found) or 'none'}", file=sys.stderr)
    return 1 if broken else 0


def _run(name: str, missed: list[str]) -> int:
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=FOLDER.parent) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            missed.extend(claim for claim, met in _claims(line) if not met)
    return process.returncode


def _claims(line: str) -> Iterator[tuple[str, bool]]:
    try:
        found = json.loads(line)
    except ValueError:
        return
    if isinstance(found, dict) and "claim" in found:
        yield found["claim"], bool(found["met"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
