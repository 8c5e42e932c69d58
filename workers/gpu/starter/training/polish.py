"""The decoder's last lessons: to draw well from what the UNet makes, not only from true latents.

A UNet's latents are a little smooth and a little wrong in ways that plain noise is not. So the
decoder goes on with the UNet's guesses at training pictures, and learns to give the true ones.
"""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from . import lessons, unet, vae, world
from .loop import Loop
from .recipe import CROP, GRID

STEPS, BATCH, RATE = 3000, 2, 7e-4
WHOLE = 0.2  # share of the steps, the last ones, that see whole pictures
TIMES = (300, 900)  # the noise that is guessed through: enough to hide details, not the layout
NOISE = 0.1  # on top, in standard deviations


def train(steps: int = STEPS, batch: int = BATCH) -> AutoencoderKL:
    """Go on with the decoder; returns the codec with averaged weights."""
    codec, painter, model = vae.trained("decoder").train(), unet.Painter(), unet.trained()
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)
    codec.to(memory_format=torch.channels_last)

    def loss_at(step: int) -> torch.Tensor:
        side = CROP if step < steps * (1 - WHOLE) else GRID
        wanted, entries = vae.learnt(batch if side == CROP else 1)
        guessed = _guess(painter, model, wanted, entries)
        return vae.window_loss(codec, guessed, wanted, side, NOISE)

    Loop("polish", codec, rate=RATE, total=steps).run(loss_at)
    return codec


@torch.no_grad()
def _guess(
    painter: unet.Painter,
    model: UNet2DConditionModel,
    pictures: torch.Tensor,
    entries: list[lessons.Entry],
) -> torch.Tensor:
    """Guesses at the latents through much noise; unguided, for guidance is weak in use too."""
    times = torch.randint(*TIMES, (len(pictures),))
    captions = [world.caption(subject) for subject, _ in entries]
    return painter.denoise(model, painter.noised(vae.code(pictures), times), times, captions)
