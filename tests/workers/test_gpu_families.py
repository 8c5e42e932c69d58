"""Every family with pipelines of random weights: the calls, the shapes, the previews, and the same
seed making the same again."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from tests.workers import tiny_families
from tests.workers.test_gpu_parts import JOB
from workers.gpu import videos
from workers.gpu.clips import Clip
from workers.gpu.device import describe
from workers.gpu.engine import Engine
from workers.gpu.errors import JobError
from workers.gpu.families import _fitting, upscale
from workers.gpu.job import Job, Preset
from workers.gpu.loras import Lora
from workers.gpu.progress import Step
from workers.gpu.references import NOTHING, Given

pytestmark = pytest.mark.heavy

SIDE = 64
NOISE = numpy.random.default_rng(0)
BUILD: dict[str, Callable[[Path], Path]] = {
    "sd": tiny_families.sd,
    "sd-distilled": lambda folder: tiny_families.sd(folder, distilled=True),
    "wan": lambda folder: tiny_families.wan(folder, new=True),
    "wan-old": lambda folder: tiny_families.wan(folder, new=False),
    "flux2": tiny_families.flux2,
    "zimage": tiny_families.zimage,
    "upscale": tiny_families.upscaler,
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine on the CPU, with one thread."""
    return Engine(describe("cpu"), 1, Path("/nowhere"))


@pytest.fixture(scope="module")
def job_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Job]:
    """Return a function that makes a job for a family's tiny model, built when first needed."""
    folders: dict[str, Path] = {}

    def make(name: str, **parameters: Any) -> Job:
        if name not in folders:
            folders[name] = BUILD[name](tmp_path_factory.mktemp("models") / name)
        preset = Preset(name, name.partition("-")[0], str(folders[name]), "")
        usual = {"width": SIDE, "height": SIDE, "steps": 2}
        return replace(JOB, preset=preset, parameters=usual | parameters)

    return make


def picture(width: int = SIDE, height: int = SIDE) -> Image.Image:
    """Somebody's picture."""
    return Image.fromarray(NOISE.integers(0, 255, (height, width, 3), numpy.uint8))


def made(engine: Engine, job: Job, given: Given = NOTHING) -> tuple[Any, list[Step]]:
    """What the job makes, as an array or a clip, and its steps."""
    steps: list[Step] = []
    engine.load(job.preset)
    result = engine.decoded(job, engine.run(job, given, steps.append))
    return (result if isinstance(result, Clip) else numpy.asarray(result)), steps


@pytest.mark.parametrize("name", ["sd", "sd-distilled", "flux2", "zimage"])
def test_words_make_a_picture(engine: Engine, job_for: Any, name: str) -> None:
    job = job_for(name)
    image, steps = made(engine, job)
    assert image.shape == (SIDE, SIDE, 3)
    assert [(step.number, step.of) for step in steps] == [(1, 2), (2, 2)]
    assert all(step.preview() for step in steps)
    assert (made(engine, job)[0] == image).all()
    assert (made(engine, replace(job, seed=8))[0] != image).any()
    vary = {"variation_seed": 8, "variation_strength": 0.3}
    assert (made(engine, replace(job, parameters=job.parameters | vary))[0] != image).any()
    assert (made(engine, replace(job, prompt="rain"))[0] != image).any()


@pytest.mark.parametrize("name", ["sd", "sd-distilled", "zimage"])
def test_a_picture_makes_a_picture(engine: Engine, job_for: Any, name: str) -> None:
    job, start = job_for(name, steps=4), picture(100, 80)
    image, steps = made(engine, job, Given((start,), (0.5,)))
    assert (image.shape, len(steps)) == ((SIDE, SIDE, 3), 2)
    mask = Image.new("L", start.size)
    mask.paste(255, (0, 0, 50, 80))
    inside, _ = made(engine, job, Given((start,), (1.0,), mask))
    untouched, _ = made(engine, replace(job, seed=9), Given((start,), (1.0,), mask))
    assert (inside[:, SIDE // 2 + 2 :] == untouched[:, SIDE // 2 + 2 :]).all()
    assert (inside[:, : SIDE // 2 - 4] != untouched[:, : SIDE // 2 - 4]).any()


def test_a_preset_may_fix_its_guidance(engine: Engine, job_for: Any) -> None:
    job = job_for("sd", guidance=0.0)
    free, _ = made(engine, job)
    fixed = replace(job_for("sd"), preset=replace(job.preset, options={"guidance": 0.0}))
    assert (made(engine, fixed)[0] == free).all()
    assert (made(engine, job_for("sd"))[0] != free).any()


def test_flux2_edits_with_several_references(engine: Engine, job_for: Any) -> None:
    job = job_for("flux2")
    plain, _ = made(engine, job)
    one, _ = made(engine, job, Given((picture(90, 50),), (None,)))
    both = (picture(90, 50), picture(3000, 40))
    two, _ = made(engine, job, Given(both, (None, None)))
    assert one.shape == two.shape == (SIDE, SIDE, 3)
    assert (plain != one).any() and (one != two).any()
    other_way, _ = made(engine, job, Given(both[::-1], (None, None)))
    assert (other_way != two).any()
    assert (made(engine, replace(job, prompt="make it red"), Given(both))[0] != two).any()


@pytest.mark.parametrize("name", ["wan", "wan-old"])
def test_words_make_a_clip(engine: Engine, job_for: Any, name: str) -> None:
    job = job_for(name, frames=9, fps=12)
    clip, steps = made(engine, job)
    assert (clip.frames.shape, clip.fps) == ((9, SIDE, SIDE, 3), 12)
    assert clip.frames.dtype == numpy.uint8
    assert [(step.number, step.of) for step in steps] == [(1, 2), (2, 2)]
    assert all(step.preview() for step in steps)
    assert (made(engine, job)[0].frames == clip.frames).all()
    assert (made(engine, replace(job, seed=8))[0].frames != clip.frames).any()
    vary = {"variation_seed": 8, "variation_strength": 0.3}
    assert (
        made(engine, replace(job, parameters=job.parameters | vary))[0].frames != clip.frames
    ).any()
    assert (made(engine, replace(job, negative_prompt="sand"))[0].frames != clip.frames).any()


def test_a_clip_starts_from_a_picture_or_where_another_ends(engine: Engine, job_for: Any) -> None:
    job, start = job_for("wan", frames=9, fps=8), picture(100, 80)
    plain, _ = made(engine, job)
    clip, steps = made(engine, job, Given((start,), (None,)))
    assert (clip.frames.shape, len(steps)) == ((9, SIDE, SIDE, 3), 2)
    assert (clip.frames != plain.frames).any()
    file = io.BytesIO(videos.encoded(clip, "", {}))
    longer, _ = made(engine, job, Given(video=file))
    assert (longer.frames.shape, (longer.frames != clip.frames).any()) == ((9, 64, 64, 3), True)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("wan", {"frames": 8}),
        ("wan", {"frames": 0}),
        ("wan", {"fps": 0}),
        ("wan", {"width": 48}),
        ("zimage", {"width": 72}),
        ("flux2", {"height": 40}),
        ("sd", {"steps": 0}),
        ("upscale", {"scale": 3}),
    ],
)
def test_what_a_family_cannot_do_is_refused(
    engine: Engine, job_for: Any, name: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(JobError, match="bad_parameters"):
        made(engine, job_for(name, **changes), NOTHING)


def test_a_model_for_words_alone_refuses_a_picture(engine: Engine, job_for: Any) -> None:
    with pytest.raises(JobError, match="bad_parameters"):
        made(engine, job_for("wan-old", frames=5), Given((picture(),), (None,)))


def test_tiles_make_the_same_as_one_piece(
    engine: Engine, job_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, start = job_for("upscale", scale=2), Given((picture(130, 70),), (None,))
    whole, steps = made(engine, job, start)
    assert (whole.shape, len(steps)) == ((140, 260, 3), 1)
    engine.residents[next(reversed(engine.residents))].model.tile = 64
    tiled, steps = made(engine, job, start)
    assert len(steps) == 6
    assert abs(tiled.astype(int) - whole).max() <= 1  # sums in another order round differently


def test_a_video_is_enlarged_frame_by_frame(
    engine: Engine, job_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = NOISE.integers(0, 255, (5, 32, 48, 3), numpy.uint8)
    file = io.BytesIO(videos.encoded(Clip(frames, 10.0), "", {}))
    job = replace(job_for("upscale"), mime_type="video/mp4")
    clip, steps = made(engine, job, Given(video=file))
    assert (clip.frames.shape, clip.fps, len(steps)) == ((5, 64, 96, 3), 10.0, 5)
    monkeypatch.setattr(upscale, "MOST_BYTES", 1000)
    with pytest.raises(JobError, match="too_long"):
        made(engine, job, Given(video=file))
    with pytest.raises(JobError, match="reference_needed"):  # a picture was asked for
        made(engine, job_for("upscale"), Given(video=file))


def test_an_upscaler_needs_something_to_enlarge(engine: Engine, job_for: Any) -> None:
    with pytest.raises(JobError, match="reference_needed"):
        made(engine, job_for("upscale"))


def test_pickles_are_refused(engine: Engine, job_for: Any, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"\x80\x04.")
    job = job_for("upscale")
    with pytest.raises(JobError, match="weights_unsafe"):
        engine.load(replace(job.preset, source=str(tmp_path)))


def test_broken_weights_are_said_to_be_broken(engine: Engine, job_for: Any, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(JobError, match="model_broken"):
        engine.load(replace(job_for("upscale").preset, source=str(tmp_path)))


def test_a_map_of_previews_finds_the_colours() -> None:
    """An autoencoder whose latents mix the colours: the map must undo it."""
    import torch

    mixing = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 1.0], [3.0, 0.2, 0.1], [1.0, 1.0, 1.0]])

    def encode(image: torch.Tensor) -> torch.Tensor:
        small = torch.nn.functional.avg_pool2d(image, 8)
        return torch.einsum("nchw,lc->nlhw", small, mixing) + 0.3

    linear = _fitting.fitted(encode, 8)
    colours = torch.rand(1, 3, 64, 64)
    found = linear.colours(encode(colours * 2 - 1)[0].numpy())
    wanted = torch.nn.functional.avg_pool2d(colours, 8)[0].permute(1, 2, 0).numpy() * 255
    assert abs(found - wanted).max() < 4


@pytest.mark.parametrize("name", ["sd", "flux2", "zimage", "wan"])
def test_a_lora_changes_what_is_made(
    engine: Engine, job_for: Any, tmp_path: Path, name: str
) -> None:
    import torch
    from safetensors.torch import save_file

    job, file = (
        job_for(name, **({"frames": 5} if name == "wan" else {})),
        tmp_path / "a.safetensors",
    )
    plain = pixels(engine, job)
    parts = engine.residents[engine.key(job.preset)].model.modules()
    part = "unet" if "unet" in parts else "transformer"
    tensors = {}
    for path, layer in parts[part].named_modules():
        if path.endswith("to_q"):
            tensors[f"{part}.{path}.lora_A.weight"] = torch.randn(2, layer.in_features)
            tensors[f"{part}.{path}.lora_B.weight"] = torch.randn(layer.out_features, 2)
    save_file(tensors, file)
    far = [
        float(abs(pixels(engine, job, Given(loras=(Lora("a", str(file), weight),))) - plain).mean())
        for weight in (0.1, 1.0)
    ]
    assert 0 < far[0] < far[1]
    assert (pixels(engine, job) == plain).all()


def pixels(engine: Engine, job: Job, given: Given = NOTHING) -> numpy.ndarray:
    """What the job makes, as numbers."""
    result, _ = made(engine, job, given)
    return numpy.asarray(getattr(result, "frames", result)).astype(int)
