"""The upscalers: their network, the worn pictures that they learn from, their training.

The network has the shape of Real-ESRGAN's compact one, which spandrel recognises by its weights.
"""

import io
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from .. import world
from ..loop import Loop
from ..recipe import SIDE, load, placed

SCALES = (2, 4)
WIDTH, DEPTH = {2: 24, 4: 32}, 6
STEPS, BATCH, RATE = {2: 200, 4: 200}, 8, 5e-4
MARGIN = 8  # pixels that a picture is continued by while it is enlarged
CROP = 96  # pixels along what is learnt from, after upscaling
CLEAN = 0.75  # share of lessons whose small picture is only made smaller
LEARN_FROM, POOL = 2_000, 12  # first variant of the drawings, and how many of each scene
FITTED = 250  # parts of drawings that the straight line is fitted to
SEEN = (4, 1, 3, 5, 7, 0, 2, 8)  # of the 3×3 pixels, counted by rows, what the first layer sees
WAYS = (Image.Resampling.BICUBIC, Image.Resampling.BOX, Image.Resampling.LANCZOS)


class Compact(nn.Module):
    """Convolutions at the small size, their last dealt out as pixels, on top of repeated pixels."""

    def __init__(self, scale: int, width: int, depth: int) -> None:
        super().__init__()
        self.scale = scale
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        layers.append(nn.Conv2d(width, 3 * scale**2, 3, padding=1))
        self.body = nn.ModuleList(layers)

    def forward(self, small: torch.Tensor) -> torch.Tensor:
        """(n, 3, h, w) in 0..1 to (n, 3, scale · h, scale · w)."""
        seen = small
        for layer in self.body:
            seen = layer(seen)
        return F.pixel_shuffle(seen, self.scale) + F.interpolate(small, scale_factor=self.scale)


def build(scale: int) -> Compact:
    """The network for a scale, with fresh weights."""
    return Compact(scale, WIDTH[scale], DEPTH)


@torch.no_grad()
def begin_straight(model: Compact) -> None:
    """Set a fresh network to the straight line from 5×5 pixels that fits drawings best.

    Curves begin without a bend, the first layer looks at eight neighbours, the inner ones pass on.
    """
    for layer in model.body:
        if isinstance(layer, nn.PReLU):
            layer.weight.fill_(1.0)
        else:
            layer.weight.mul_(0.05)
            layer.bias.zero_()
    first, *inner, last = [layer for layer in model.body if isinstance(layer, nn.Conv2d)]
    for channel in range(24):
        row, column = divmod(SEEN[channel // 3], 3)
        first.weight[channel] = 0
        first.weight[channel, channel % 3, row, column] = 1.0
    for layer in inner:
        layer.weight[:24] = 0
        nn.init.dirac_(layer.weight[:24])
    small, true = _lesson(model.scale, np.random.default_rng([6, model.scale]), FITTED, 1.0)
    seen = small
    for layer in model.body[:-1]:
        seen = layer(seen)
    around = F.unfold(seen[:, :24], 3).transpose(1, 2).flatten(0, 1)
    off = F.pixel_unshuffle(true - F.interpolate(small, scale_factor=model.scale), model.scale)
    wanted = off[:, :, 1:-1, 1:-1].flatten(2).transpose(1, 2).flatten(0, 1)
    inside = around.T @ around / len(around) + 1e-5 * torch.eye(around.shape[1])
    line = torch.linalg.solve(inside, around.T @ wanted / len(around))
    last.weight.zero_()
    last.weight[:, :24] = line.T.reshape(-1, 24, 3, 3)


def train(scale: int, steps: int, batch: int = BATCH) -> Compact:
    """Train, or go on; returns the network with averaged weights."""
    torch.manual_seed(scale)
    model = build(scale)
    begin_straight(model)

    def loss_at(step: int) -> torch.Tensor:
        small, true = _lesson(scale, np.random.default_rng([6, scale, step]), batch, CLEAN)
        inside = slice(6 * scale, -6 * scale)
        return (model(small) - true)[..., inside, inside].abs().mean()

    Loop(f"upscale/{scale}x", model, rate=RATE, total=steps).run(loss_at)
    return model.eval()


def train_double(steps: int = STEPS[2]) -> None:
    """Train the upscaler for twice the size."""
    train(2, steps)


def train_fourfold(steps: int = STEPS[4]) -> None:
    """Train the upscaler for four times the size."""
    train(4, steps)


def trained(scale: int) -> Compact:
    """The network as far as it is trained, with averaged weights."""
    model, state = build(scale), load(f"upscale/{scale}x")
    if state is not None:
        model.load_state_dict(state["average"])
    return model.eval()


def enlarge(model: Callable[[torch.Tensor], torch.Tensor], small: torch.Tensor) -> torch.Tensor:
    """(1, 3, h, w) in 0..1 made larger; the picture goes on at its edges, where nothing is seen."""
    wide = F.pad(small, (MARGIN,) * 4, mode="replicate")
    made = model(wide).clamp(0, 1)
    cut = MARGIN * made.shape[-1] // wide.shape[-1]
    return made[..., cut:-cut, cut:-cut]


def shrink(
    picture: Image.Image, scale: int, way: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """The picture at a fraction of its size."""
    return picture.resize((picture.width // scale, picture.height // scale), way)


def to_tensor(pictures: list[Image.Image]) -> torch.Tensor:
    """Pictures of one size as (n, 3, h, w) in 0..1."""
    return (
        placed(np.stack([np.asarray(each) for each in pictures])).permute(0, 3, 1, 2).float() / 255
    )


def _lesson(
    scale: int, rng: np.random.Generator, batch: int, clean: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Small parts of pictures, but for a ``clean`` share worn, and what they should become."""
    true = [_part(rng) for _ in range(batch)]
    shrunk = [shrink(one, scale, WAYS[rng.integers(len(WAYS))]) for one in true]
    small = [one if rng.random() < clean else _wear(one, rng) for one in shrunk]
    return to_tensor(small), to_tensor(true)


def _part(rng: np.random.Generator) -> Image.Image:
    """A random square out of a drawing, near its middle more often than not."""
    everything = world.subjects()
    subject = everything[rng.integers(len(everything))]
    drawn = Image.fromarray(world.compose(subject, LEARN_FROM + int(rng.integers(POOL))))
    left, top = (round((SIDE - CROP) * share) for share in rng.beta(1.5, 1.5, 2))
    return drawn.crop((left, top, left + CROP, top + CROP))


def _wear(small: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Grain and the marks of JPEG, as pictures from elsewhere have them."""
    grain = rng.normal(0, rng.uniform(0, 3), (*small.size[::-1], 3))
    worn = Image.fromarray((np.array(small) + grain).clip(0, 255).round().astype(np.uint8))
    kept = io.BytesIO()
    worn.save(kept, "JPEG", quality=int(rng.integers(75, 98)))
    return Image.open(kept).convert("RGB")
