"""The engine with real diffusers pipelines of random weights, and no network."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.workers import tiny
from tests.workers.test_gpu_parts import JOB, ROOT
from workers.gpu.device import describe
from workers.gpu.engine import Engine
from workers.gpu.errors import JobError
from workers.gpu.families._estimates import estimate, mixture
from workers.gpu.job import Job, Preset
from workers.gpu.progress import Step
from workers.gpu.references import NOTHING

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder must load without any connection."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine on the CPU, with one thread."""
    return Engine(describe("cpu"), 1, Path("/nowhere"))


@pytest.fixture
def job(tiny_model: Path) -> Job:
    """A job for the tiny model."""
    return replace(JOB, preset=Preset("tiny", "sdxl", str(tiny_model), ""))


def pixels(engine: Engine, job: Job, steps: list[Step] | None = None) -> numpy.ndarray:
    """The job's picture as an array, its steps noted."""
    engine.load(job.preset)
    made = engine.run(job, NOTHING, (steps if steps is not None else []).append)
    return numpy.asarray(engine.decoded(job, made))


def test_the_same_seed_makes_the_same_picture(engine: Engine, job: Job) -> None:
    first, again = pixels(engine, job), pixels(engine, job)
    assert first.shape == (tiny.SIDE, tiny.SIDE, 3)
    assert (first == again).all()
    assert (first != pixels(engine, replace(job, seed=8))).any()


def test_every_step_is_reported_with_a_preview(engine: Engine, job: Job) -> None:
    steps: list[Step] = []
    pixels(engine, job, steps)
    assert [(step.number, step.of) for step in steps] == [(1, 2), (2, 2)]
    assert all(step.preview() for step in steps)


def test_the_resident_model_is_not_loaded_again(engine: Engine, job: Job) -> None:
    engine.load(job.preset)
    [resident] = engine.residents.values()
    other = {"scheduler": "euler"}  # read with each job, so no reason to load again
    engine.load(replace(job.preset, slug="another-of-the-same-model", options=other))
    assert list(engine.residents.values()) == [resident]


def test_a_job_can_be_stopped_at_a_step(engine: Engine, job: Job) -> None:
    class Stop(Exception):
        pass

    def stop(step: Step) -> None:
        raise Stop

    engine.load(job.preset)
    with pytest.raises(Stop):
        engine.run(replace(job, parameters=job.parameters | {"steps": 100}), NOTHING, stop)
    assert pixels(engine, job).any()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 63),
        ("width", 0),
        ("height", "64"),
        ("steps", 0),
        ("steps", True),
        ("guidance", -1),
    ],
)
def test_parameters_are_checked(engine: Engine, job: Job, name: str, value: Any) -> None:
    engine.load(job.preset)
    with pytest.raises(JobError) as caught:
        engine.run(replace(job, parameters=job.parameters | {name: value}), NOTHING, print)
    assert (caught.value.code, caught.value.retryable) == ("bad_parameters", False)


def test_running_out_of_memory_gives_everything_back(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(step: Step) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    engine.load(job.preset)
    with pytest.raises(RuntimeError):
        engine.run(job, NOTHING, explode)
    assert not engine.residents
    assert pixels(engine, job).any()


def test_the_starter_model_runs_by_the_same_code(engine: Engine, job: Job) -> None:
    steps: list[Step] = []
    starter = replace(job, preset=Preset("starter-fast", "sdxl", "starter/image", ""))
    assert pixels(engine, starter, steps).shape == (tiny.SIDE, tiny.SIDE, 3)
    assert all(step.preview() for step in steps)


@pytest.mark.parametrize(
    "name", ["DDIMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"]
)
def test_a_preview_guesses_the_final_picture(name: str) -> None:
    """With a model that is always right, every step's guess is what comes out in the end."""
    import diffusers
    import torch

    scheduler = getattr(diffusers, name)()
    scheduler.set_timesteps(5)
    final = torch.rand(1, 4, 8, 8) * 2 - 1  # DDIM clips to this
    latents = scheduler.init_noise_sigma * torch.randn(1, 4, 8, 8)
    for step, time in enumerate(scheduler.timesteps):
        signal, noise = mixture(scheduler, step)
        exact = (latents - signal * final) / noise
        before, latents = latents, scheduler.step(exact, time, latents, return_dict=False)[0]
        assert torch.allclose(estimate(scheduler, step, before, latents)(), final, atol=0.02), step


def test_broken_weights_are_said_to_be_broken(engine: Engine, job: Job, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(JobError) as caught:
        engine.load(replace(job.preset, source=str(tmp_path)))
    assert (caught.value.code, caught.value.params) == ("model_broken", {"model": tmp_path.name})


def test_an_unknown_family_is_named(engine: Engine, job: Job) -> None:
    with pytest.raises(JobError) as caught:
        engine.load(replace(job.preset, family="painting"))
    assert (caught.value.code, caught.value.params) == ("family_unknown", {"family": "painting"})


def test_the_families_bring_no_django() -> None:
    code = "import sys, workers.gpu.families.sdxl; print({'django', 'jobs'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout == "set()\n", ran.stderr
