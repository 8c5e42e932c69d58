"""Jobs made at once: the same pictures as alone, each with its own steps, its own end; and models
that stay in memory, or make room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.workers import tiny, tiny_families
from tests.workers.test_gpu_parts import ENOUGH, JOB
from workers.gpu import batch, device
from workers.gpu.config import Config
from workers.gpu.engine import Engine
from workers.gpu.job import Job, Preset
from workers.gpu.making import Making
from workers.gpu.progress import Step
from workers.gpu.references import NOTHING
from workers.gpu.state import State

pytestmark = pytest.mark.heavy


@pytest.fixture
def engine() -> Engine:
    """An engine on the CPU, with one thread and nothing loaded."""
    return Engine(device.describe("cpu"), 1, Path("/nowhere"))


@pytest.fixture
def job(tiny_model: Path) -> Job:
    """A job for the tiny model."""
    return replace(JOB, preset=Preset("tiny", "sdxl", str(tiny_model), ""))


def numbered(job: Job, count: int, **changes: Any) -> list[Job]:
    """Jobs with seeds and prompts of their own."""
    return [
        replace(job, id=str(n), seed=n, prompt=f"{job.prompt} {n}", **changes) for n in range(count)
    ]


def alone(engine: Engine, job: Job) -> numpy.ndarray:
    """The job's picture, made by itself."""
    return pixels(engine, job, engine.run(job, NOTHING, lambda _: None))


def pixels(engine: Engine, job: Job, made: Any) -> numpy.ndarray:
    """What a job left, decoded."""
    return numpy.asarray(engine.decoded(job, made)).astype(int)


def test_a_batch_makes_the_same_pictures_with_their_own_steps(engine: Engine, job: Job) -> None:
    jobs = numbered(job, 3)
    jobs[1] = replace(jobs[1], prompt="words " * 40)  # read in more pieces than the others
    engine.load(job.preset)
    steps: list[list[Step]] = [[] for _ in jobs]
    together = engine.run_many(jobs, (), [each.append for each in steps])
    for one, image, seen in zip(jobs, together, steps, strict=True):
        off = abs(alone(engine, one) - pixels(engine, one, image))
        assert off.max() <= 2 and (off == 0).mean() > 0.99
        assert [(step.number, step.of) for step in seen] == [(1, 2), (2, 2)]
    assert len({step[-1].preview() for step in steps}) == 3


def test_a_batch_without_memory_is_halved(engine: Engine, job: Job) -> None:
    jobs = numbered(job, 4)
    engine.load(job.preset)
    failures = iter([MemoryError()])
    reports = [0] * len(jobs)

    def scarce(number: int) -> Callable[[Step], None]:
        def on_step(step: Step) -> None:
            reports[number] += 1
            if number == 1:  # the second of four, once
                for failure in failures:
                    raise failure

        return on_step

    images = engine.run_many(jobs, (), [scarce(number) for number in range(4)])
    assert reports == [3, 3, 2, 2]
    for image, one in zip(images, jobs, strict=True):
        assert abs(pixels(engine, one, image) - alone(engine, one)).max() <= 2


class Server:
    """Hears of steps, and lets them go on."""

    def progress(self, body: dict[str, Any]) -> bool:
        return False


def made(engine: Engine, jobs: list[Job], state: State | None = None) -> list[Any]:
    """How the jobs end when they are claimed together."""
    config = Config.from_environment(ENOUGH)
    parts = (engine, Server(), state or State(), config)
    return batch.endings([Making(each, *parts) for each in jobs])  # type: ignore[arg-type]


def test_every_job_of_a_batch_ends_in_its_own_way(engine: Engine, job: Job) -> None:
    jobs = numbered(job, 3)
    jobs.append(replace(job, id="bad", parameters={"loras": [{"source": "none"}]}))
    jobs.append(replace(job, id="exact", parameters=job.parameters | {"exact": True}))
    state = State(canceled={"1"})
    ends = made(engine, jobs, state)
    assert [end.result is not None for end in ends] == [True, False, True, False, True]
    assert (ends[1].error, ends[3].error.code) == (None, "lora_missing")
    assert (numpy.asarray(ends[4].result) == alone(engine, jobs[4])).all()
    assert {"fetch", "load", "denoise", "decode"} <= ends[0].timings.keys()


def test_what_goes_wrong_in_a_batch_is_said_for_each(engine: Engine, job: Job) -> None:
    ends = made(engine, numbered(job, 2, parameters=job.parameters | {"steps": 0}))
    assert [end.error.code for end in ends] == ["bad_parameters"] * 2
    state = State()
    state.stop()
    many = numbered(job, 2, parameters=job.parameters | {"steps": 500})
    state.stopping_since -= 100  # long ago
    assert [end.error.code for end in made(engine, many, state)] == ["worker_handed_back"] * 2


def test_several_are_asked_for_when_the_loaded_model_gains_from_it(
    engine: Engine, job: Job, tmp_path: Path
) -> None:
    assert engine.at_once == 1
    engine.load(job.preset)
    assert engine.at_once > 1
    clip = Preset("moving", "wan", str(tiny_families.wan(tmp_path / "wan", new=True)), "")
    engine.load(clip)
    assert engine.at_once == 1


def test_only_what_is_alike_is_made_at_once(engine: Engine, job: Job) -> None:
    same, other = numbered(job, 2), replace(job, parameters=job.parameters | {"steps": 3})
    config = Config.from_environment(ENOUGH)
    parts = (engine, Server(), State(), config)
    makings = [Making(each, *parts) for each in [*same, other]]  # type: ignore[arg-type]
    assert [len(group) for group in batch.groups(makings)] == [2, 1]


@pytest.fixture(scope="module")
def another_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second tiny model."""
    return tiny.build(tmp_path_factory.mktemp("models") / "another")


def test_models_stay_until_there_is_no_room(
    engine: Engine, job: Job, another_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(job.preset, source=str(another_model))
    for preset in (job.preset, other, job.preset):
        engine.load(preset)
    first, second = engine.key(job.preset), engine.key(other)
    assert list(engine.residents) == [second, first]  # the one used last is at the end
    kept = engine.residents[first]
    monkeypatch.setattr(device, "budget", lambda _: int(kept.size * 2.5))
    engine.load(replace(job.preset, options={"dtype": "bfloat16"}))
    assert first in engine.residents and second not in engine.residents
    monkeypatch.setattr(device, "budget", lambda _: 0)
    engine.load(other)
    assert list(engine.residents) == [second]


def test_other_models_go_before_a_job_fails_for_lack_of_memory(
    engine: Engine, job: Job, another_model: Path
) -> None:
    engine.load(replace(job.preset, source=str(another_model)))
    engine.load(job.preset)
    failures = iter([MemoryError(), RuntimeError("can't allocate memory")])

    def scarce(step: Step) -> None:
        for failure in failures:
            raise failure

    assert engine.run(job, NOTHING, scarce)
    assert list(engine.residents) == [engine.key(job.preset)]
    model = engine.residents[engine.key(job.preset)].model
    assert model.pipeline.vae.use_tiling
