"""The upscalers: training goes on, and what is shipped loads with spandrel and beats Lanczos."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from workers.gpu import spandrels
from workers.gpu.starter.training import lessons, recipe, world
from workers.gpu.starter.training.upscale import network, score

pytestmark = pytest.mark.heavy


def psnr(got: np.ndarray, true: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(got - true).mean()))


@pytest.mark.parametrize("scale", network.SCALES)
def test_training_goes_on(tiny_world: Path, scale: int) -> None:
    network.train(scale, steps=1, batch=1)
    model = network.train(scale, steps=2, batch=1)
    state = recipe.load(f"upscale/{scale}x")
    assert state is not None
    assert state["step"] == 2
    assert model(torch.zeros(1, 3, 8, 12)).shape == (1, 3, 8 * scale, 12 * scale)


@pytest.mark.parametrize("scale", network.SCALES)
def test_the_shipped_one_is_better_than_lanczos(scale: int) -> None:
    loaded = spandrels.load(score.folder(scale) / "model.safetensors")
    assert loaded.scale == scale
    better = []
    for subject in lessons.exam()["first"][:6]:
        drawn = Image.fromarray(world.compose(subject, 7_777))
        small = network.shrink(drawn, scale)
        with torch.inference_mode():
            ours = network.enlarge(loaded, network.to_tensor([small]))[0].permute(1, 2, 0).numpy()
        theirs = np.array(small.resize(drawn.size, Image.Resampling.LANCZOS)) / 255
        true = np.array(drawn) / 255
        better.append(psnr(ours, true) - psnr(theirs, true))
    assert np.mean(better) > 0, better


def test_nobody_else_sees_a_torchvision() -> None:
    spandrels.load(score.folder(2) / "model.safetensors")
    found = sys.modules.get("torchvision")
    assert found is None or found.__spec__ is not None
