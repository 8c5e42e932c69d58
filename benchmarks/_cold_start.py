"""From imports done to ready for the first job, beside reading the same files from disk: a model of
more than 2 GB with random weights, written on the spot. On a GPU it is as large as SDXL and lies in
half precision; on a processor it is smaller and lies in the precision it computes in. Not for how
long a job takes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import _giants
from benchmarks._report import FEWEST_SAMPLES, median, report
from workers.gpu.engine import Engine
from workers.gpu.job import Preset

PIECE = 1 << 24  # bytes read at once
PAGE = 1024  # numbers of 4 bytes: one of each page is looked at


def measure(engine: Engine) -> None:
    """Measure and report, with the files in the page cache and without."""
    build = _giants.sdxl if engine.device.kind == "cuda" else _giants.shallow
    with tempfile.TemporaryDirectory() as folder:
        build("cpu").save_pretrained(folder)
        files = list(Path(folder).rglob("*.safetensors"))
        preset = Preset("giant", "sdxl", folder, "")
        for state, prepare in (("warm", lambda _: None), ("cold", forget)):
            told(engine, preset, files, state, prepare)


def told(
    engine: Engine, preset: Preset, files: list[Path], state: str, prepare: Callable[[Path], None]
) -> None:
    """Load and read in turns, and report."""
    ratios, reading = [], []
    for _ in range(FEWEST_SAMPLES + 1):
        engine.drop()
        seconds = {}
        for name, work in (("read", lambda: read(files)), ("load", lambda: load(engine, preset))):
            for file in files:
                prepare(file)
            began = time.perf_counter()
            work()
            seconds[name] = time.perf_counter() - began
        reading.append(seconds["read"])
        ratios.append(seconds["load"] / seconds["read"])
    engine.drop()
    size = sum(file.stat().st_size for file in files) / 1e9
    report(
        f"loading {size:.1f} GB of weights, over reading them from disk, page cache {state}",
        value=median(ratios[1:]),
        unit="times",
        goal="<= 1.3",
        samples=ratios[1:],
        reference=f"reading {median(reading[1:]):.2f} s, in turns, on {engine.device.title}",
    )


def read(files: list[Path]) -> None:
    """Read the files to their ends."""
    buffer = bytearray(PIECE)
    for file in files:
        with file.open("rb", buffering=0) as stream:
            while stream.readinto(buffer):
                continue


def load(engine: Engine, preset: Preset) -> None:
    """Load the model; what is only mapped into memory is looked at, so that it is there."""
    engine.load(preset)
    if engine.device.kind != "cpu":
        return
    [resident] = engine.residents.values()
    for part in resident.model.modules().values():
        for tensor in part.parameters():
            tensor.detach().flatten()[::PAGE].sum().item()


def forget(file: Path) -> None:
    """Take a file out of the page cache."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
