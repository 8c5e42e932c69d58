"""Measures the upscalers on fresh drawings against Lanczos, and writes their folders.

Two distances: of the pixels (PSNR), and of what the image model's classifier sees in full-size
windows of the picture, before it decides anything.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

from .. import classifier, world
from ..card import stages
from ..recipe import SIDE, STARTER, WORK, load
from . import network

FRESH_FROM, COUNT = 7_000, 60  # first variant of the drawings, and how many of them
WINDOW = classifier.SIDE  # pixels along what the classifier sees at once


def folder(scale: int) -> Path:
    """Where the upscaler of this scale is shipped."""
    return STARTER / f"upscale-{scale}x"


def score() -> None:
    """Measure both upscalers and write their folders."""
    for scale in network.SCALES:
        model = network.trained(scale)
        got = measure(model, scale)
        print(f"upscale {scale}×", json.dumps(got), flush=True)
        export(model, scale, got)


def measure(model: network.Compact, scale: int, count: int = COUNT) -> dict[str, Any]:
    """Mean PSNR in dB and mean distance in the classifier's features, ours and Lanczos's."""
    judge = classifier.trained()
    rows = [_compare(judge, model, scale, drawn) for drawn in fresh(count)]
    names = ("psnr", "psnr_lanczos", "distance", "distance_lanczos")
    means = dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
    return {**means, "pictures": count}


def fresh(count: int) -> list[Image.Image]:
    """Drawings that nothing was trained on."""
    rng, everything = np.random.default_rng(8), world.subjects()
    return [
        Image.fromarray(world.compose(everything[rng.integers(len(everything))], FRESH_FROM + n))
        for n in range(count)
    ]


@torch.no_grad()
def _compare(
    judge: classifier.Judge, model: network.Compact, scale: int, drawn: Image.Image
) -> tuple[float, float, float, float]:
    small, true = network.shrink(drawn, scale), network.to_tensor([drawn])
    ours = network.enlarge(model, network.to_tensor([small]))
    theirs = network.to_tensor([small.resize(drawn.size, Image.Resampling.LANCZOS)])
    return (
        _psnr(ours, true),
        _psnr(theirs, true),
        _distance(judge, ours, true),
        _distance(judge, theirs, true),
    )


def _psnr(got: torch.Tensor, true: torch.Tensor) -> float:
    return (-10 * torch.log10((got - true).pow(2).mean())).item()


def _distance(judge: classifier.Judge, got: torch.Tensor, true: torch.Tensor) -> float:
    return (judge.body(_windows(got)) - judge.body(_windows(true))).norm(dim=1).mean().item()


def _windows(pictures: torch.Tensor) -> torch.Tensor:
    """(1, 3, SIDE, SIDE) in 0..1 as windows (n, 3, WINDOW, WINDOW) in -1..1."""
    cut = F.unfold(pictures * 2 - 1, WINDOW, stride=WINDOW)
    return cut.view(3, WINDOW, WINDOW, (SIDE // WINDOW) ** 2).permute(3, 0, 1, 2)


def export(model: network.Compact, scale: int, got: dict[str, Any]) -> None:
    """Write weights in half precision, and the card."""
    target = folder(scale)
    target.mkdir(exist_ok=True)
    weights = {key: value.half().contiguous() for key, value in model.state_dict().items()}
    save_file(weights, target / "model.safetensors")
    (target / "README.md").write_text(page(model, scale, got))
    (WORK / "upscale" / f"score-{scale}x.json").write_text(json.dumps(got))


def page(model: network.Compact, scale: int, got: dict[str, Any]) -> str:
    """The model card, README.md, in Markdown."""
    state = load(f"upscale/{scale}x")
    one = {"steps": state["step"], "minutes": state["seconds"] / 60} if state else None
    return PAGE.format(
        scale=scale,
        thousands=round(sum(weight.numel() for weight in model.parameters()) / 1e3),
        width=network.WIDTH[scale],
        depth=network.DEPTH,
        margin=network.MARGIN,
        training=stages({f"upscale-{scale}x": one} if one else {}),
        **got,
    )


PAGE = """# Starter upscaler {scale}×

Makes a picture {scale} times as wide and as high. {thousands} thousand parameters, trained by this
repository on drawn pictures.

- **Use**: any loader of community upscalers, such as `spandrel.ModelLoader().load_from_file`; the
  picture continued at its edges by {margin} pixels, which are cut off again. The shape is
  Real-ESRGAN's compact one ({width} channels, {depth} layers between the outer two).
- **Data**: the drawn pictures of `workers/gpu/starter/training`, with Microsoft's Fluent emoji
  (MIT, Microsoft Corporation, https://github.com/microsoft/fluentui-emoji). They were made
  smaller in three ways, a quarter of them also grained and kept as JPEG, and the network learnt
  the way back. No photograph and nobody's private data was used.
- **Licence** of the weights: MIT, as the rest of the repository.

## How it was trained

`python -m workers.gpu.starter.training upscale`, on two AVX2 cores shared with much other work, no
GPU; minutes are of the clock.

| stage | steps | minutes |
|---|---|---|
{training}

## Scores

On {pictures} fresh drawings, made smaller by a bicubic filter and enlarged again:

| | this model | Lanczos |
|---|---|---|
| PSNR, dB (more is better) | {psnr:.2f} | {psnr_lanczos:.2f} |
| distance in the classifier's features (less is better) | {distance:.3f} | {distance_lanczos:.3f} |

## Limits

It sharpens edges of flat, drawn pictures and smooths the marks of JPEG. It invents no texture:
skin, hair and leaves of photographs stay soft. For those use a real upscaler.
"""
