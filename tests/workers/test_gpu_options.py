"""The switches that a preset's options hold: what must not change a picture does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from tests.workers import tiny_families
from tests.workers.test_gpu_parts import JOB
from workers.gpu import device
from workers.gpu.clips import Clip
from workers.gpu.device import Device, describe
from workers.gpu.engine import Engine
from workers.gpu.families import _tuning
from workers.gpu.job import Preset
from workers.gpu.references import NOTHING

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def engine() -> Engine:
    """An engine on the CPU, with one thread."""
    return Engine(describe("cpu"), 1, Path("/nowhere"))


@pytest.fixture(scope="module")
def wan_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of videos."""
    return tiny_families.wan(tmp_path_factory.mktemp("models") / "wan", new=True)


@pytest.fixture
def made(engine: Engine, tiny_model: Path, wan_model: Path) -> Callable[..., numpy.ndarray]:
    """Return a function that makes a picture, or a clip, with options."""

    def make(family: str, **options: Any) -> numpy.ndarray:
        folder = {"sdxl": tiny_model, "wan": wan_model}[family]
        preset = Preset(family, family, str(folder), "", options)
        numbers = {"width": 64, "height": 64, "steps": 8, "frames": 9}
        engine.load(preset)
        job = replace(JOB, preset=preset, parameters=numbers)
        result = engine.decoded(job, engine.run(job, NOTHING, lambda _: None))
        return numpy.asarray(result.frames if isinstance(result, Clip) else result).astype(int)

    return make


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("sdxl", {"channels_last": True}),
        ("wan", {"attention": "native"}),
        ("wan", {"vae_tiling": True}),
        ("wan", {"channels_last": True}),
    ],
)
def test_layout_changes_no_more_than_rounding(
    made: Any, family: str, options: dict[str, Any]
) -> None:
    off = abs(made(family) - made(family, **options))
    assert off.max() <= 2 and (off == 0).mean() > 0.99


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("sdxl", {"vae_tiling": True}),
        ("sdxl", {"dtype": "bfloat16"}),
        ("sdxl", {"weights": "float8"}),
        ("wan", {"weights": "float8"}),
        ("wan", {"first_block_cache": 0.2}),
    ],
)
def test_what_saves_memory_or_time_may_change_little(
    made: Any, family: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = made(family)
    # As if on a processor that has instructions for short formats: others decline.
    monkeypatch.setattr(device, "cpu_likes_half", lambda: "dtype" in options)
    off = abs(plain - made(family, **options)).mean()
    assert 0 < off < 40
    assert (made(family, **options) == made(family, **options)).all()


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a compiler")
def test_what_was_compiled_is_kept_beside_the_models(
    wan_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    engine = Engine(describe("cpu"), 1, tmp_path)
    preset = Preset("wan", "wan", str(wan_model), "")
    numbers = {"width": 64, "height": 64, "steps": 2, "frames": 5}

    def frames(**options: Any) -> numpy.ndarray:
        job = replace(JOB, preset=replace(preset, options=options), parameters=numbers)
        engine.load(job.preset)
        clip = engine.decoded(job, engine.run(job, NOTHING, lambda _: None))
        assert isinstance(clip, Clip)
        return clip.frames.astype(int)

    assert abs(frames() - frames(compile=True)).max() <= 2
    assert any((tmp_path / device.COMPILED).rglob("*.so"))
    device.keep_compiled(tmp_path / "none")  # is not there, so nothing is asked to be kept there
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / device.COMPILED)


def test_a_processor_keeps_to_the_format_that_it_is_fast_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processor, wish = describe("cpu"), {"dtype": "float16"}
    monkeypatch.setattr(device, "cpu_likes_half", lambda: False)
    assert _tuning.number_format(processor, wish) == torch.float32
    monkeypatch.setattr(device, "cpu_likes_half", lambda: True)
    assert _tuning.number_format(processor, wish) == torch.float16
    assert _tuning.number_format(Device("cuda", "", 0), {}) == torch.bfloat16


def test_weights_that_do_not_fit_wait_in_main_memory(engine: Engine, tiny_model: Path) -> None:
    from diffusers import StableDiffusionXLPipeline

    pipeline = StableDiffusionXLPipeline.from_pretrained(tiny_model)
    weights = sum(map(_tuning.size_of, _tuning.modules(pipeline).values()))
    small, large = (Device("cuda", "", size) for size in (weights, weights * 10))
    assert _tuning.offloads(pipeline, small, {})
    assert not _tuning.offloads(pipeline, large, {})
    assert not _tuning.offloads(pipeline, small, {"offload": "none"})
    assert _tuning.offloads(pipeline, large, {"offload": "group"})


def test_a_pipeline_whose_weights_wait_makes_the_same(tiny_model: Path) -> None:
    from diffusers import StableDiffusionXLPipeline

    def picture(pipeline: Any) -> numpy.ndarray:
        chance = torch.Generator().manual_seed(1)
        call = {"width": 64, "height": 64, "num_inference_steps": 2, "generator": chance}
        return numpy.asarray(pipeline("rain", **call).images[0]).astype(int)

    torch.set_grad_enabled(False)
    pipeline = StableDiffusionXLPipeline.from_pretrained(tiny_model)
    before = picture(pipeline)
    _tuning.offload(pipeline, describe("cpu"))
    assert abs(picture(pipeline) - before).max() <= 1
