"""A denoiser's calls as recordings: the same bytes as without, for every shape one of its own, and
nothing of it where it would not fit. Not for how much time they save: see benchmarks.engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from tests.workers import tiny_families
from tests.workers.test_gpu_parts import JOB
from workers.gpu.clips import Clip
from workers.gpu.device import Device, describe
from workers.gpu.engine import Engine
from workers.gpu.families import _recorded, _tuning
from workers.gpu.families._recorded import Recorded
from workers.gpu.job import Job, Preset
from workers.gpu.references import NOTHING

pytestmark = pytest.mark.heavy


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording is made at the third call."""
    monkeypatch.setattr(_recorded, "CALLS_BEFORE", 2)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Callable[[str], Path]:
    """Return a function that knows where a family's tiny model is."""
    moving = tiny_families.wan(tmp_path_factory.mktemp("models") / "wan", new=True)
    return {"sdxl": tiny_model, "wan": moving}.__getitem__


def made(engine: Engine, job: Job) -> numpy.ndarray:
    """The job's picture or clip as numbers."""
    engine.load(job.preset)
    result = engine.decoded(job, engine.run(job, NOTHING, lambda _: None))
    return numpy.asarray(result.frames if isinstance(result, Clip) else result)


@pytest.mark.parametrize("family", ["sdxl", "wan"])
def test_a_recording_makes_the_same_bytes(soon: None, folder_of: Any, family: str) -> None:
    engine = Engine(describe("cpu"), 1, Path("/nowhere"))
    sizes = {"width": 64, "height": 64, "frames": 5, "steps": 4}
    for changes in ({}, {"seed": 8}, {"prompt": "rain"}, {"parameters": sizes | {"width": 96}}):
        preset = Preset(family, family, str(folder_of(family)), "", {"recorded": True})
        job = replace(JOB, **({"parameters": sizes, "preset": preset} | changes))
        plain = replace(job, preset=replace(preset, options={}))
        assert (made(engine, job) == made(engine, plain)).all()
    [recorded] = recorded_in(engine)
    assert len(recorded.replays) == 2 and all(recorded.replays.values())


def recorded_in(engine: Engine) -> list[Recorded]:
    """What stands in for denoisers of the loaded models."""
    parts = [part for each in engine.residents.values() for part in each.model.modules().values()]
    return [part.forward for part in parts if isinstance(part.forward, Recorded)]


class Small(torch.nn.Module):
    """Something to record."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.times = torch.nn.Linear(4, 4), 0

    def forward(self, x: torch.Tensor, more: dict[str, Any], twice: bool = False) -> Any:
        """A call with a table and a settled value in it; counts those that Python makes."""
        self.times += 1
        return (self.inner(x) + more["bias"] * (2 if twice else 1),)


@pytest.fixture
def small(soon: None) -> Small:
    """The same, ready to be recorded."""
    with torch.no_grad():
        module = Small().eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    module.forward = Recorded(module)  # type: ignore[method-assign]
    return module


def ask(module: Small, rows: int = 1, **named: Any) -> torch.Tensor:
    """One call, checked against what it must answer."""
    x, bias = torch.randn(rows, 4), torch.randn(4)
    [answer] = module(x, {"bias": bias, "unused": None}, **named)
    assert torch.equal(answer, module.inner(x) + bias * (2 if named.get("twice") else 1))
    return answer


def test_only_what_comes_again_is_recorded_and_each_shape_by_itself(small: Small) -> None:
    for _ in range(6):
        ask(small)
    assert small.times == 3  # the third was recorded, which calls it once
    ask(small, rows=2), ask(small, twice=True)
    assert small.times == 5
    for _ in range(4):
        ask(small, twice=True)
    assert small.times == 7


def test_so_many_are_kept(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_recorded, "MOST_KEPT", 2)
    for rows in (1, 2, 3):
        for _ in range(3):
            ask(small, rows=rows)
    kept: Any = small.forward
    assert len(kept.replays) == len(kept.calls) == 2
    ask(small, rows=1)  # begins anew
    assert small.times == 10


def test_a_model_with_loras_runs_as_it_is(small: Small) -> None:
    small.peft_config = {"lora1": object()}  # type: ignore[assignment]
    for _ in range(6):
        ask(small)
    assert small.times == 6


def test_what_cannot_be_recorded_runs_as_it_is(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise AttributeError("torch has no TorchScript any more")

    monkeypatch.setattr(torch.jit, "trace", gone)
    for _ in range(6):
        ask(small)
    assert small.times == 6


def test_only_on_a_processor_and_only_where_the_preset_says_so() -> None:
    class Pipeline:
        """As much of one as the switches look at."""

        components: dict[str, Any] = {}
        set_progress_bar_config = to = lambda *_, **__: None

    for name, options, recorded in (
        ("cpu", {"recorded": True}, True),
        ("cpu", {}, False),
        ("cpu", {"recorded": True, "first_block_cache": 0.05}, False),
        ("cuda", {"recorded": True}, False),
    ):
        pipeline = Pipeline()
        small = Small()
        small.enable_cache = lambda *_: None  # type: ignore[assignment]
        pipeline.components = {"unet": small}
        _tuning.place_on(pipeline, Device(name, "", 1 << 40), options)
        found = isinstance(pipeline.components["unet"].forward, Recorded)
        assert found == recorded
