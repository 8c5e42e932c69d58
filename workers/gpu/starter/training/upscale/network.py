"""The upscalers: their network, the worn pictures that they learn from, their training.

The network has the shape of Real-ESRGAN's compact one, which spandrel recognises by its weights.
"""

import io

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from .. import vae, world
from ..loop import Loop
from ..recipe import SIDE, load, placed

SCALES = (2, 4)
WIDTH, DEPTH = {2: 24, 4: 32}, 6
STEPS, BATCH, RATE = 2400, 8, 1.5e-3
CROP = 96  # pixels along what is learnt from, after upscaling
CLEAN = 0.5  # share of lessons whose small picture is only made smaller
LEARN_FROM, POOL = 2_000, 12  # first variant of the drawings, and how many of each scene
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
    """The network for a scale, with fresh weights; at first it only repeats pixels."""
    model = Compact(scale, WIDTH[scale], DEPTH)
    nn.init.zeros_(model.body[-1].weight)
    nn.init.zeros_(model.body[-1].bias)
    return model


def train(scale: int, steps: int = STEPS, batch: int = BATCH) -> Compact:
    """Train, or go on; returns the network with averaged weights."""
    torch.manual_seed(scale)
    model = build(scale)

    def loss_at(step: int) -> torch.Tensor:
        small, true = _lesson(scale, np.random.default_rng([6, scale, step]), batch)
        return vae.decoding_loss(model(small), true)

    Loop(f"upscale/{scale}x", model, rate=RATE, total=steps).run(loss_at)
    return model.eval()


def train_double(steps: int = STEPS) -> None:
    """Train the upscaler for twice the size."""
    train(2, steps)


def train_fourfold(steps: int = STEPS) -> None:
    """Train the upscaler for four times the size."""
    train(4, steps)


def trained(scale: int) -> Compact:
    """The network as far as it is trained, with averaged weights."""
    model, state = build(scale), load(f"upscale/{scale}x")
    if state is not None:
        model.load_state_dict(state["average"])
    return model.eval()


def shrink(
    picture: Image.Image, scale: int, way: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """The picture at a fraction of its size."""
    return picture.resize((picture.width // scale, picture.height // scale), way)


def to_tensor(pictures: list[Image.Image]) -> torch.Tensor:
    """Pictures of one size as (n, 3, h, w) in 0..1."""
    return placed(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _lesson(scale: int, rng: np.random.Generator, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Small parts of pictures, some of them worn, and the same parts as they should become."""
    true = [_part(rng) for _ in range(batch)]
    small = [_wear(shrink(one, scale, WAYS[rng.integers(len(WAYS))]), rng) for one in true]
    return to_tensor(small), to_tensor(true)


def _part(rng: np.random.Generator) -> Image.Image:
    """A random square out of a drawing, near its middle more often than not."""
    everything = world.subjects()
    subject = everything[rng.integers(len(everything))]
    drawn = Image.fromarray(world.compose(subject, LEARN_FROM + int(rng.integers(POOL))))
    left, top = (round((SIDE - CROP) * share) for share in rng.beta(1.5, 1.5, 2))
    return drawn.crop((left, top, left + CROP, top + CROP))


def _wear(small: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Half of the time: grain and the marks of JPEG, as pictures from elsewhere have them."""
    if rng.random() < CLEAN:
        return small
    grain = rng.normal(0, rng.uniform(0, 3), (*small.size[::-1], 3))
    worn = Image.fromarray((np.array(small) + grain).clip(0, 255).round().astype(np.uint8))
    kept = io.BytesIO()
    worn.save(kept, "JPEG", quality=int(rng.integers(75, 98)))
    return Image.open(kept).convert("RGB")
