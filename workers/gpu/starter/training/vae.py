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
from diffusers.models.autoencoders.vae import Decoder
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import nn
from torch.nn import functional as F

from . import world
from .loop import Loop
from .recipe import CELL, CROP, GRID, LATENT_CHANNELS, SIDE, load, placed, save

CHANNELS = (8, 16, 24, 48, 96)
DECODER_STEPS, DECODER_BATCH, DECODER_RATE = 1700, 2, 1e-3
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
    return placed(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


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
    sizes = spread.eigenvalues.flip(0)[:LATENT_CHANNELS].clamp(min=1e-6).sqrt()
    rows = spread.eigenvectors.flip(1)[:, :LATENT_CHANNELS].T
    evened = rows / sizes[:, None] ** EVENING
    evened /= (sizes ** (2 - 2 * EVENING)).mean().sqrt()
    return evened.view(LATENT_CHANNELS, 3, CELL, CELL), -evened @ middle


def train_decoder(steps: int = DECODER_STEPS, batch: int = DECODER_BATCH) -> AutoencoderKL:
    """Train the decoder, or go on; returns the codec with averaged weights."""
    torch.manual_seed(0)
    codec, coded, pictures = build(), latents(), drawn()
    begin_with_colours(codec, *mean_colours())
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        side = CROP if step < steps * (1 - WHOLE) else GRID
        chosen = torch.randint(len(pictures), (batch if side == CROP else 1,))
        wanted = to_tensor(pictures[chosen.cpu().numpy()])
        return window_loss(codec, coded[chosen], wanted, side, NOISE)

    codec.to(memory_format=torch.channels_last)
    Loop("decoder", codec, rate=DECODER_RATE, total=steps).run(loss_at)
    return codec


@functools.cache
def mean_colours() -> tuple[torch.Tensor, torch.Tensor]:
    """The straight line from a cell's numbers to its mean colour: (24, 3) and (3,), in -1..1."""
    cells = latents().permute(0, 2, 3, 1).reshape(-1, LATENT_CHANNELS)
    colours = F.avg_pool2d(to_tensor(drawn()), CELL).permute(0, 2, 3, 1).reshape(-1, 3)
    ones = torch.ones(len(cells), 1)
    solved = torch.linalg.lstsq(torch.cat([cells, ones], 1), colours).solution
    return solved[:-1], solved[-1]


@torch.no_grad()
def begin_with_colours(codec: AutoencoderKL, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """Set a fresh decoder so that it already draws every cell's mean colour, smoothly.

    From random weights so narrow a decoder spends its first ten thousand pictures finding colour.
    Red, green and blue take the first three channels all the way; what is learnt is the rest.
    """
    decoder = codec.decoder
    codec.post_quant_conv.weight.copy_(torch.eye(LATENT_CHANNELS)[:, :, None, None])
    codec.post_quant_conv.bias.zero_()
    for module in decoder.modules():
        if isinstance(module, ResnetBlock2D):
            module.conv2.weight.mul_(0.1)
            if module.conv_shortcut is not None:
                nn.init.dirac_(module.conv_shortcut.weight)
                module.conv_shortcut.bias.zero_()
        elif isinstance(module, Upsample2D):
            _smooth(module.conv)
    nn.init.dirac_(decoder.conv_in.weight[3 : 3 + LATENT_CHANNELS])
    decoder.conv_in.weight[:3] = 0
    decoder.conv_in.weight[:3, :, 1, 1] = weight.T
    decoder.conv_in.bias[:3] = bias
    _straight_end(decoder)


def _smooth(conv: nn.Conv2d) -> None:
    """Every channel to itself, through the kernel that makes a doubled picture bilinear."""
    line = torch.tensor([0.25, 0.5, 0.25])
    conv.weight.mul_(0.2)
    for channel in range(conv.out_channels):
        conv.weight[channel, channel] += line[:, None] * line
    conv.bias.zero_()


def _straight_end(decoder: Decoder) -> None:
    """Make the last norm and its curve pass colours on nearly as they are.

    Two channels of ±4 hold the norm's scale still, so that a dark picture stays a dark one; and
    far to the right of zero the curve (SiLU) is a straight line.
    """
    last = decoder.up_blocks[-1].resnets[0].conv_shortcut
    last.weight[-2:] = 0
    last.bias[-2:] = torch.tensor([4.0, -4.0])
    decoder.conv_norm_out.weight.fill_(2.1)
    decoder.conv_norm_out.bias.fill_(4.0)
    decoder.conv_out.weight.mul_(0.1)
    for colour in range(3):
        decoder.conv_out.weight[colour, colour, 1, 1] += 1.0
        # The norm took the picture's mean away; the channel that was 4 everywhere gives it back.
        decoder.conv_out.weight[colour, -2, 1, 1] -= 1.0
    decoder.conv_out.bias.fill_(4.0)


def window_loss(
    codec: AutoencoderKL, coded: torch.Tensor, wanted: torch.Tensor, side: int, most: float
) -> torch.Tensor:
    """The loss on a random window of ``side`` cells on the grid, with up to ``most`` noise."""
    down, across = (int(torch.randint(GRID - side + 1, ())) for _ in "yx")
    coded = coded[:, :, down : down + side, across : across + side]
    noise = torch.randn_like(coded) * torch.rand(len(coded), 1, 1, 1) * most
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
        got = codec.quant_conv(codec.encoder(to_tensor(pictures[chosen.cpu().numpy()])))
        mean, spread = got.chunk(2, dim=1)
        return F.mse_loss(mean, coded[chosen]) + 0.001 * (spread - SURE).abs().mean()

    Loop("encoder", codec, rate=ENCODER_RATE, total=steps).run(loss_at)
    return codec


def trained(*names: str) -> AutoencoderKL:
    """The codec as far as its stages have come; the last stage named has the last word."""
    whole = build()
    weights = whole.state_dict()
    for name in names or ("decoder", "polish", "encoder"):
        state = load(name)
        mine = ("encoder.", "quant_conv") if name == "encoder" else ("decoder.", "post_quant")
        if state is not None:
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
