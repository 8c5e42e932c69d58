"""Decoding as a step of its own: the same pixels as diffusers' own calls, on a thread beside the
next job where a device can do both, and whatever memory does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import torch
from PIL import Image

from tests.workers import tiny
from tests.workers.test_gpu_batch import Server
from tests.workers.test_gpu_families import BUILD, SIDE, picture
from tests.workers.test_gpu_parts import ENOUGH, JOB
from workers.gpu import batch, device
from workers.gpu.clips import Clip
from workers.gpu.config import Config
from workers.gpu.decoding import Decoding, Undecoded
from workers.gpu.engine import Engine
from workers.gpu.families import _tuning
from workers.gpu.job import Job, Preset
from workers.gpu.making import Ending, Making
from workers.gpu.references import NOTHING, Given
from workers.gpu.state import State

pytestmark = pytest.mark.heavy

FROM_PICTURES = ["sdxl", "sd", "sd-distilled", "flux2", "zimage", "wan"]
WAYS = [(name, False) for name in [*FROM_PICTURES, "wan-old"]]
WAYS += [(name, True) for name in FROM_PICTURES]
SOON = 20.0  # seconds: what waits longer waits for ever


def new_engine() -> Engine:
    """An engine on the CPU that decodes beside the next job, as on a GPU."""
    made = Engine(device.describe("cpu"), 1, Path("/nowhere"))
    made.decoding = Decoding(made, beside=True)
    return made


@pytest.fixture
def engine() -> Iterator[Engine]:
    """The same, ended with the test."""
    made = new_engine()
    yield made
    made.decoding.close()


@pytest.fixture
def job(tiny_model: Path) -> Job:
    """A job for the tiny model."""
    return replace(JOB, preset=Preset("tiny", "sdxl", str(tiny_model), ""))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that builds a family's tiny model when it is first needed."""
    built: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in built:
            place = tmp_path_factory.mktemp("models") / name
            built[name] = (BUILD | {"sdxl": tiny.build})[name](place)
        return built[name]

    return folder


def as_pixels(result: Any) -> numpy.ndarray:
    """A picture or a clip as numbers."""
    return numpy.asarray(result.frames if isinstance(result, Clip) else result).astype(int)


def decoded_by_diffusers(engine: Engine, job: Job, given: Given, patch: Any) -> numpy.ndarray:
    """What the pipelines' own calls make of the job, when they are let decode."""
    seen: list[Any] = []
    [resident] = engine.residents.values()
    parts = {each: getattr(resident.model, each) for each in dir(resident.model)}
    for kind in {type(part) for part in parts.values() if hasattr(part, "scheduler")}:

        def whole(pipeline: Any, *, output_type: str, own: Any = kind.__call__, **told: Any) -> Any:
            assert output_type == "latent"
            seen.append(own(pipeline, output_type="np", **told)[0][0])
            return SimpleNamespace(images=torch.zeros(1), frames=torch.zeros(1))

        patch.setattr(kind, "__call__", whole)
    engine.run(job, given, lambda _: None)
    return (seen[0] * 255).round().astype(int)


@pytest.mark.parametrize(("name", "given"), WAYS)
def test_what_is_decoded_later_is_what_diffusers_decodes(
    engine: Engine, folders: Any, name: str, given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = Preset(name, name.partition("-")[0], str(folders(name)), "")
    numbers = {"width": SIDE, "height": SIDE, "steps": 2, "frames": 9}
    job = replace(JOB, preset=preset, parameters=numbers)
    with_what = Given((picture(),), (0.6,)) if given else NOTHING
    left = engine.run(job, with_what, lambda _: None)
    assert isinstance(left, Undecoded)
    ours = as_pixels(engine.decoded(job, left))
    assert (ours == decoded_by_diffusers(engine, job, with_what, monkeypatch)).all()
    assert (as_pixels(engine.decoded(job, left)) == ours).all()  # latents are not used up


def endings(engine: Engine, jobs: list[Job]) -> list[Ending]:
    """How the jobs end when they are claimed together."""
    parts = (engine, Server(), State(), Config.from_environment(ENOUGH))
    return batch.endings([Making(each, *parts) for each in jobs])  # type: ignore[arg-type]


class Gate:
    """Holds every decoding of an engine back until it is opened."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.reached = threading.Event(), threading.Event()
        own = engine.decoded

        def decoded(job: Job, made: Any) -> Any:
            self.reached.set()
            assert self.open.wait(SOON)
            return own(job, made)

        monkeypatch.setattr(engine, "decoded", decoded)


def test_the_next_job_is_denoised_while_one_is_decoded(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    [alone] = endings(engine, [job])
    alone.arrived()
    gate = Gate(engine, monkeypatch)
    [first] = endings(engine, [job])
    assert gate.reached.wait(SOON)
    second, third = endings(engine, [replace(job, seed=8), replace(job, seed=9)])
    for each in (first, second, third):
        assert each.result is None and each.coming and not each.coming.done()
    gate.open.set()
    for each in (first, second, third):
        each.arrived()
        assert {"load", "denoise", "decode"} <= each.timings.keys()
        assert each.result and not each.error
    assert (as_pixels(first.result) == as_pixels(alone.result)).all()
    assert (as_pixels(first.result) != as_pixels(second.result)).any()


def waits_for_the_gate(
    gate: Gate, call: Callable[[], Any], since: threading.Event | None = None
) -> Any:
    """Call, and open the gate when it has had time to end without (`since` something happened): it
    must not."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    assert since is None or since.wait(SOON)
    thread.join(0.5)
    assert not answers
    gate.open.set()
    thread.join(SOON)
    return answers[0]


def test_a_picture_is_not_encoded_by_what_decodes(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, given = Gate(engine, monkeypatch), Given((picture(),), (0.6,))
    endings(engine, [job])
    with torch.no_grad():
        assert waits_for_the_gate(gate, lambda: engine.run(job, given, lambda _: None))


def test_a_model_is_kept_while_it_decodes(
    engine: Engine, job: Job, folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Preset("sd", "sd", str(folders("sd")), "")
    gate = Gate(engine, monkeypatch)
    endings(engine, [job])
    assert engine.load(job.preset) < SOON  # the same one need not wait
    assert waits_for_the_gate(gate, lambda: engine.load(other) > 0)
    assert len(engine.residents) == 2


def test_a_decoding_that_fails_is_its_own_jobs_end(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = engine.decoded

    def decoded(job: Job, made: Any) -> Any:
        if job.seed == 8:
            raise ValueError("broken")
        return own(job, made)

    monkeypatch.setattr(engine, "decoded", decoded)
    ends = endings(engine, [replace(job, id=str(seed), seed=seed) for seed in (7, 8, 9)])
    for each in ends:
        each.arrived()
    assert [each.result is not None for each in ends] == [True, False, True]
    assert ends[1].error and ends[1].error.code == "engine_error"


def scarce(engine: Engine, job: Job, failures: int) -> tuple[Undecoded, list[bool]]:
    """The job's latents, and whether nobody else could use the device at each time that they were
    decoded; memory runs out at the first `failures` times."""
    left = engine.run(job, NOTHING, lambda _: None)
    assert isinstance(left, Undecoded)
    alone: list[bool] = []

    def decode() -> Any:
        alone.append(not others_may(engine))
        if len(alone) <= failures:
            raise MemoryError
        return left.decode()

    return replace(left, decode=decode), alone


def others_may(engine: Engine) -> bool:
    """Whether another thread would get its turn now."""
    found: list[bool] = []

    def ask() -> None:
        found.append(engine.turn.acquire(blocking=False))
        if found[0]:
            engine.turn.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize(
    ("failures", "tiled", "alone"),
    [(0, False, [False]), (1, False, [False, True]), (2, True, [False, True, True])],
)
def test_a_decoding_without_memory_is_tried_alone_and_in_parts(
    engine: Engine, tmp_path: Path, job: Job, failures: int, tiled: bool, alone: list[bool]
) -> None:
    tiny.build(tmp_path)
    own = replace(job, preset=replace(job.preset, source=str(tmp_path)))
    left, seen = scarce(engine, own, failures)
    ending = Ending(own)
    engine.decoding.take(ending, left)
    ending.arrived()
    assert isinstance(ending.result, Image.Image)
    assert seen == alone
    assert bool(left.model.pipeline.vae.use_tiling) == tiled
    assert others_may(engine)


def test_what_cannot_be_decoded_gives_everything_back(engine: Engine, job: Job) -> None:
    left, _ = scarce(engine, job, 100)
    ending = Ending(job)
    engine.decoding.take(ending, left)
    ending.arrived()
    assert ending.error and ending.error.code == "out_of_memory"
    assert not engine.residents and others_may(engine)
    assert endings(engine, [job])[0].coming  # and the next one loads it anew


def test_denoising_without_memory_waits_for_what_is_decoded(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(engine, monkeypatch)
    endings(engine, [job])
    failed = threading.Event()

    def step(_: Any) -> None:
        if not failed.is_set():
            failed.set()
            raise MemoryError

    with torch.no_grad():
        assert waits_for_the_gate(gate, lambda: engine.run(job, NOTHING, step), since=failed)
    [resident] = engine.residents.values()
    assert not resident.model.pipeline.vae.use_tiling  # nothing else had to be given up


def test_weights_that_come_and_go_are_one_threads(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.load(job.preset)
    [resident] = engine.residents.values()
    left, alone = scarce(engine, job, 0)
    monkeypatch.setattr(_tuning, "WAITING", {resident.model.pipeline})
    [ending] = endings(engine, [job])
    assert ending.result and not ending.coming
    assert engine.decoded(job, left)  # was handed over before the weights were sent away
    assert alone == [True]


def test_a_processor_decodes_on_the_thread_that_makes_jobs(job: Job) -> None:
    engine = Engine(device.describe("cpu"), 1, Path("/nowhere"))
    [ending] = endings(engine, [job])
    assert ending.result and not ending.coming
    assert Engine(device.Device("cuda", "a GPU", 1), 1, Path("/nowhere")).decoding.beside
