"""The decoder's last lessons: to draw well from what the UNet makes, not only from true latents.

A UNet's latents are a little smooth and a little wrong in ways that plain noise is not. So the
decoder goes on with the UNet's guesses at training pictures, and learns to give the true ones.
"""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from . import unet, vae
from .loop import Loop
from .recipe import CROP, GRID, load, save

STEPS, BATCH, RATE = 450, 2, 7e-4
WHOLE = 0.2  # share of the steps, the last ones, that see whole pictures
TIMES = (300, 900)  # the noise that is guessed through: enough to hide details, not the layout
NOISE = 0.1  # on top, in standard deviations


def train(steps: int = STEPS, batch: int = BATCH) -> AutoencoderKL:
    """Go on with the decoder; returns the codec with averaged weights."""
    codec, coded, pictures = vae.trained("decoder").train(), guesses(), vae.drawn()
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)
    codec.to(memory_format=torch.channels_last)

    def loss_at(step: int) -> torch.Tensor:
        side = CROP if step < steps * (1 - WHOLE) else GRID
        chosen = torch.randint(len(pictures), (batch if side == CROP else 1,))
        wanted = vae.to_tensor(pictures[chosen.cpu().numpy()])
        return vae.window_loss(codec, coded[chosen], wanted, side, NOISE)

    Loop("polish", codec, rate=RATE, total=steps).run(loss_at)
    return codec


@torch.no_grad()
def guesses(batch: int = 16) -> torch.Tensor:
    """The UNet's guess at every training picture's latents, (n, 24, 16, 16), made once."""
    kept = load("guesses")
    if kept is None:
        painter, model = unet.Painter(), unet.trained()
        torch.manual_seed(4)
        rows = torch.arange(len(painter.latents)).split(batch)
        kept = {"latents": torch.cat([_guess(painter, model, chosen) for chosen in rows])}
        save("guesses", kept)
    return kept["latents"]


def _guess(
    painter: unet.Painter, model: UNet2DConditionModel, chosen: torch.Tensor
) -> torch.Tensor:
    """Guesses through random amounts of noise; unguided, for guidance is weak in use too."""
    times = torch.randint(*TIMES, (len(chosen),))
    noisy = painter.noised(painter.latents[chosen], times)
    return painter.denoise(model, noisy, times, painter.full_captions(chosen))
