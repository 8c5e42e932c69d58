"""What the families of CLIP's kind can do, with real pipelines of random weights: from words, from
a picture, inside a mask, in variations, with weights on words, LoRAs and other samplers."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from PIL import Image

from tests.workers import tiny
from tests.workers.test_gpu_parts import JOB
from workers.gpu.device import describe
from workers.gpu.engine import Engine
from workers.gpu.errors import JobError
from workers.gpu.families import _prompts, _schedulers, sdxl
from workers.gpu.job import Job, Preset
from workers.gpu.loras import Lora
from workers.gpu.progress import Step
from workers.gpu.references import NOTHING, Given

pytestmark = pytest.mark.heavy

STEPS = 4


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine on the CPU, with one thread."""
    return Engine(describe("cpu"), 1, Path("/nowhere"))


@pytest.fixture
def job(tiny_model: Path) -> Job:
    """A job for the tiny model."""
    preset = Preset("tiny", "sdxl", str(tiny_model), "")
    return replace(JOB, preset=preset, parameters=JOB.parameters | {"steps": STEPS})


@pytest.fixture(scope="module")
def given() -> Given:
    """A picture whose left half may be repainted."""
    side = tiny.SIDE
    colours = numpy.random.default_rng(1).integers(0, 255, (side, side, 3), numpy.uint8)
    mask = numpy.zeros((side, side), numpy.uint8)
    mask[:, : side // 2] = 255
    return Given((Image.fromarray(colours),), (0.5,), Image.fromarray(mask))


def made(engine: Engine, job: Job, given: Given = NOTHING, **changes: Any) -> numpy.ndarray:
    """The job's picture, with other parameters."""
    steps: list[Step] = changes.pop("steps_seen", [])
    job = replace(job, parameters=job.parameters | changes)
    engine.load(job.preset)
    result = engine.decoded(job, engine.run(job, given, steps.append))
    return numpy.asarray(result).astype(int)


def test_a_picture_is_what_the_plain_pipeline_makes(engine: Engine, job: Job) -> None:
    ours = made(engine, job)
    [resident] = engine.residents.values()
    plain = resident.model.pipeline(
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        width=tiny.SIDE,
        height=tiny.SIDE,
        num_inference_steps=STEPS,
        guidance_scale=5.0,
        generator=torch.Generator("cpu").manual_seed(job.seed),
    )
    assert (ours == numpy.asarray(plain.images[0])).all()


def test_strength_says_how_much_of_a_picture_stays(engine: Engine, job: Job, given: Given) -> None:
    far: dict[float, float] = {}
    for strength in (0.0, 0.5, 1.0):
        steps: list[Step] = []
        start = Given(given.images, (strength,))
        picture = made(engine, job, start, steps_seen=steps)
        assert [step.number for step in steps] == list(range(1, max(1, int(strength * 4)) + 1))
        assert steps[-1].preview()
        far[strength] = float(abs(picture - made(engine, job, start, steps=STEPS)).mean())
        assert far[strength] == 0  # the same again
    assert (made(engine, job, Given(given.images, (0.5,))) != made(engine, job)).any()


def test_only_what_lies_inside_the_mask_is_repainted(
    engine: Engine, job: Job, given: Given
) -> None:
    before = numpy.asarray(given.image()).astype(int)
    after = made(engine, job, given)
    half = tiny.SIDE // 2
    assert (after[:, half:] == before[:, half:]).all()
    assert (after[:, : half - 4] != before[:, : half - 4]).any()


def test_a_reference_of_another_size_is_fitted(engine: Engine, job: Job, given: Given) -> None:
    large = [each.resize((200, 100)) for each in (given.image(), given.mask)]
    picture = made(engine, job, Given((large[0],), (0.5,), large[1]))
    assert picture.shape == (tiny.SIDE, tiny.SIDE, 3)


def test_both_pipelines_share_their_weights(engine: Engine, job: Job) -> None:
    engine.load(job.preset)
    model = engine.residents[next(reversed(engine.residents))].model
    for name, part in model.modules().items():
        assert model.from_picture.components[name] is part
    assert part.dtype == torch.float32


def test_a_variation_moves_away_from_the_picture_with_its_strength(
    engine: Engine, job: Job
) -> None:
    own, other = made(engine, job), made(engine, replace(job, seed=8))
    vary = {"variation_seed": 8}
    assert (made(engine, job, **vary, variation_strength=0.0) == own).all()
    subtle, strong = (made(engine, job, **vary, variation_strength=s) for s in (0.15, 0.45))
    assert 0 < abs(subtle - own).mean() < abs(strong - own).mean()
    whole = made(engine, job, **vary, variation_strength=1.0)
    assert abs(whole - other).max() <= 1


@pytest.mark.parametrize("name", _schedulers.KNOWN)
def test_every_sampler_makes_a_picture(engine: Engine, job: Job, name: str) -> None:
    picture = made(engine, job, scheduler=name)
    assert (picture == made(engine, job, scheduler=name)).all()
    as_preset = replace(job, preset=replace(job.preset, options={"scheduler": name}))
    assert (picture == made(engine, as_preset)).all()


def test_an_unknown_sampler_is_refused(engine: Engine, job: Job) -> None:
    with pytest.raises(JobError, match="bad_parameters"):
        made(engine, job, scheduler="__class__")


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("", []),
        ("a cat: 16:9", [("a cat: 16:9", 1.0)]),
        ("a (red:1.3) cat", [("a ", 1.0), ("red", 1.3), (" cat", 1.0)]),
        ("(a (b))", [("a ", 1.1), ("b", 1.21)]),
        ("[a] b", [("a", 0.9091), (" b", 1.0)]),
        (r"\(a\) \\", [(r"(a) " + "\\", 1.0)]),
        ("a) (b", [("a) (b", 1.0)]),
        ("(a:99)", [("a", 3.0)]),
        ("(a:0)", [("a", 0.0)]),
    ],
)
def test_weights_are_read(prompt: str, pieces: list[tuple[str, float]]) -> None:
    assert _prompts.pieces(prompt) == pieces


def test_markup_without_end_is_read_in_one_pass() -> None:
    began = time.monotonic()
    for text in ("(" * 50_000 + ")" * 50_000, "((a:" * 25_000, "<b>[" * 25_000 + "]" * 25_000):
        _prompts.pieces(text)
    assert time.monotonic() - began < 5  # and not minutes


def test_long_and_weighted_prompts_change_the_picture(engine: Engine, job: Job) -> None:
    plain = made(engine, job)
    assert (made(engine, replace(job, prompt=f"({job.prompt}:1.0)")) == plain).all()
    assert (made(engine, replace(job, prompt=f"({job.prompt}:1.4)")) != plain).any()
    head = "words " * 40
    ends = [made(engine, replace(job, prompt=head + end)) for end in ("of snow", "of sand")]
    assert (ends[0] != ends[1]).any()
    with pytest.raises(JobError, match="prompt_tokens"):
        made(engine, replace(job, prompt="word " * 20_000))


def test_a_long_prompt_reads_its_beginning_as_a_short_one(engine: Engine, job: Job) -> None:
    engine.load(job.preset)
    pipeline = engine.residents[next(reversed(engine.residents))].model.pipeline
    short = "".join(letter for letter in "abcdefghij" * 8)[:75]
    alone: Any = sdxl.read(pipeline, short, "", True)
    longer: Any = sdxl.read(pipeline, short + " and more", "", True)
    width = alone["prompt_embeds"].shape[1]
    assert longer["prompt_embeds"].shape[1] == 2 * width
    assert torch.allclose(longer["prompt_embeds"][:, :width], alone["prompt_embeds"], atol=1e-4)
    pooled = (each["pooled_prompt_embeds"] for each in (alone, longer))
    assert torch.allclose(*pooled, atol=1e-4)


@pytest.fixture(scope="module")
def lora_files(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two LoRAs for the tiny model, and one for a larger one."""
    folder = tmp_path_factory.mktemp("loras")
    return [tiny.lora(tiny_model, folder / f"{n}.safetensors", n) for n in ("one", "two", "wide")]


def test_loras_are_switched_on_and_off(engine: Engine, job: Job, lora_files: list[Path]) -> None:
    one, two = (Lora(path.stem, str(path), 1.0) for path in lora_files[:2])
    plain = made(engine, job)
    with_one = made(engine, job, Given(loras=(one,)))
    assert (with_one != plain).any()
    both = made(engine, job, Given(loras=(one, two)))
    assert (both != with_one).any()
    weaker = made(engine, job, Given(loras=(replace(one, weight=0.2),)))
    assert 0 < abs(weaker - plain).mean() < abs(with_one - plain).mean()
    assert (made(engine, job, Given(loras=(one,))) == with_one).all()
    assert (made(engine, job) == plain).all()


@pytest.mark.parametrize("fresh", [True, False])
def test_a_lora_for_another_model_is_refused(
    engine: Engine, job: Job, lora_files: list[Path], tmp_path: Path, fresh: bool
) -> None:
    if fresh:  # nothing was ever loaded into it
        engine.drop()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no tensors")
    plain = made(engine, job)
    for path, code in ((lora_files[2], "lora_incompatible"), (broken, "lora_broken")):
        with pytest.raises(JobError) as caught:
            made(engine, job, Given(loras=(Lora(path.stem, str(path), 1.0),)))
        assert (caught.value.code, caught.value.params) == (code, {"name": path.stem})
    assert (made(engine, job) == plain).all()
