"""The picture's codec: 256×256 pixels to 16×16 cells of 24 numbers and back (an AutoencoderKL).

What the 24 numbers are is not learnt but computed: the principal components of the world's cells,
evened out. So decoder and UNet can start at once and side by side. The decoder learns to draw from
them, a little noise on them because a UNet's latents are never exact; the encoder learns to give
them, last and briefly, as nothing but the codec's own completeness depends on it.
"""

import functools

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F

from . import world
from .loop import Loop
from .recipe import CELL, GRID, LATENT_CHANNELS, SIDE, load, save

CHANNELS = (8, 16, 24, 48, 96)
DECODER_STEPS, DECODER_BATCH, DECODER_RATE = 4000, 2, 2e-3
CROP = 8  # cells along the windows that the decoder learns on, but for its last steps
WHOLE = 0.2  # share of the steps, the last ones, that see whole pictures
ENCODER_STEPS, ENCODER_BATCH, ENCODER_RATE = 300, 4, 2e-3
NOISE = 0.4  # most noise on a latent while the decoder learns, in standard deviations
EVENING = 0.7  # 0 leaves the components' sizes as they are, 1 makes all the same
SURE = -20.0  # log variance of the encoder's output, which is certain


def build() -> AutoencoderKL:
    """The codec with fresh weights; 1.5 M parameters."""
    levels = len(CHANNELS)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=CHANNELS,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=1,  # more groups on so few channels cost the colours
        mid_block_add_attention=False,
        sample_size=SIDE,
        scaling_factor=1.0,
        force_upcast=False,
    )


def to_tensor(pictures: np.ndarray) -> torch.Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


@functools.cache
def drawn() -> np.ndarray:
    """All training pictures, (n, 256, 256, 3) uint8, in the order of ``world.training_set``."""
    return np.stack([world.compose(*entry) for entry in world.training_set()])


@functools.cache
def latents() -> torch.Tensor:
    """The latents of all training pictures, (n, 24, 16, 16), computed once."""
    kept = load("latents")
    if kept is None:
        weight, bias = _components(drawn()[::3])
        parts = np.array_split(drawn(), max(1, len(drawn()) // 32))
        coded = torch.cat([F.conv2d(to_tensor(p), weight, bias, stride=CELL) for p in parts])
        kept = {"latents": coded, "weight": weight, "bias": bias}
        save("latents", kept)
    return kept["latents"]


def _components(pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """A convolution over whole cells, (24, 3, 16, 16) and (24,), giving latents of variance 1."""
    cells = F.unfold(to_tensor(pictures), CELL, stride=CELL).transpose(1, 2).flatten(0, 1)
    middle = cells.mean(0)
    spread = torch.linalg.eigh((cells - middle).T @ (cells - middle) / len(cells))
    sizes = spread.eigenvalues.flip(0)[:LATENT_CHANNELS].sqrt()
    rows = spread.eigenvectors.flip(1)[:, :LATENT_CHANNELS].T
    evened = rows / sizes[:, None] ** EVENING
    evened /= (sizes ** (2 - 2 * EVENING)).mean().sqrt()
    return evened.view(LATENT_CHANNELS, 3, CELL, CELL), -evened @ middle


def train_decoder(steps: int = DECODER_STEPS, batch: int = DECODER_BATCH) -> AutoencoderKL:
    """Train the decoder, or go on; returns the codec with averaged weights."""
    torch.manual_seed(0)
    codec, coded, pictures = build(), latents(), drawn()
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        side = CROP if step < steps * (1 - WHOLE) else GRID
        chosen = torch.randint(len(pictures), (batch if side == CROP else 1,))
        wanted = to_tensor(pictures[chosen.numpy()])
        return _window_loss(codec, coded[chosen], wanted, side)

    codec.to(memory_format=torch.channels_last)
    Loop("decoder", codec, rate=DECODER_RATE, total=steps).run(loss_at)
    return codec


def _window_loss(
    codec: AutoencoderKL, coded: torch.Tensor, wanted: torch.Tensor, side: int
) -> torch.Tensor:
    """The loss on a random window of ``side`` cells, lying on the grid."""
    down, across = (int(torch.randint(GRID - side + 1, ())) for _ in "yx")
    coded = coded[:, :, down : down + side, across : across + side]
    noise = torch.randn_like(coded) * torch.rand(len(coded), 1, 1, 1) * NOISE
    window = [slice(first * CELL, (first + side) * CELL) for first in (down, across)]
    read = codec.decode(coded + noise).sample
    return decoding_loss(read, wanted[:, :, window[0], window[1]])


def train_encoder(steps: int = ENCODER_STEPS, batch: int = ENCODER_BATCH) -> AutoencoderKL:
    """Train the encoder to give the computed latents, or go on."""
    torch.manual_seed(0)
    codec, coded, pictures = build(), latents(), drawn()
    codec.decoder.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        chosen = torch.randint(len(pictures), (batch,))
        got = codec.quant_conv(codec.encoder(to_tensor(pictures[chosen.numpy()])))
        mean, spread = got.chunk(2, dim=1)
        return F.mse_loss(mean, coded[chosen]) + 0.001 * (spread - SURE).abs().mean()

    Loop("encoder", codec, rate=ENCODER_RATE, total=steps).run(loss_at)
    return codec


def trained() -> AutoencoderKL:
    """Decoder and encoder as far as each is trained, in one codec."""
    whole = build()
    weights = whole.state_dict()
    for name in ("decoder", "encoder"):
        state = load(name)
        if state is None:
            continue
        mine = ("decoder.", "post_quant") if name == "decoder" else ("encoder.", "quant_conv")
        weights.update({k: v for k, v in state["average"].items() if k.startswith(mine)})
    whole.load_state_dict(weights)
    return whole.eval()


def decoding_loss(read: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """L1 of the pixels and of their differences."""
    off = read - true
    return off.abs().mean() + off.diff(dim=-1).abs().mean() + off.diff(dim=-2).abs().mean()


@torch.no_grad()
def fidelity(codec: AutoencoderKL, every: int = 40) -> float:
    """Peak signal to noise of training pictures decoded from their latents, in dB."""
    true = to_tensor(drawn()[::every])
    read = codec.decode(latents()[::every]).sample.clamp(-1, 1)
    return (-10 * torch.log10(((read - true) / 2).pow(2).mean())).item()
