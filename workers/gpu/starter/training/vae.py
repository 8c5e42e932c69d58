"""The picture's codec: 256×256 pixels to 16×16 cells of 24 numbers and back (an AutoencoderKL).

What the 24 numbers are is not learnt but computed: the principal components of the world's cells,
evened out. So decoder and UNet can start at once and side by side. The decoder learns to draw from
them, a little noise on them because a UNet's latents are never exact; the encoder learns to give
them, last and briefly, as nothing but the codec's own completeness depends on it.
"""

import functools
from collections.abc import Iterable

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import Decoder
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import nn
from torch.nn import functional as F

from . import lessons, world
from .loop import Loop
from .recipe import CELL, CROP, GRID, IMAGE_FOLDER, LATENT_CHANNELS, SIDE, adopt, load, placed, save

COMPONENTS = IMAGE_FOLDER / "vae" / "components.safetensors"
CHANNELS = (8, 16, 24, 48, 96)
DECODER_STEPS, DECODER_BATCH, DECODER_RATE = 8000, 2, 1e-3
WHOLE = 0.2  # share of the steps, the last ones, that see whole pictures
ENCODER_STEPS, ENCODER_BATCH, ENCODER_RATE = 300, 4, 2e-3
NOISE = 0.15  # most noise on a latent while the decoder learns, in standard deviations
EVENING = 0.7  # 0 leaves the components' sizes as they are, 1 makes all the same
CRISP = 0.1  # weight of the edges' strength
FAINT = 0.001  # gradient energy below which edges hardly count
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


def drawn(entries: Iterable[lessons.Entry]) -> torch.Tensor:
    """The pictures of these subjects and variants, (n, 3, 256, 256) in -1..1."""
    return to_tensor(np.stack([world.compose(*entry) for entry in entries]))


def learnt(count: int, *, rounds: int = lessons.ROUNDS) -> tuple[torch.Tensor, list[lessons.Entry]]:
    """Training pictures by torch's chance, as ``drawn``, and what they are."""
    rng = np.random.default_rng(int(torch.randint(2**31, ())))
    entries = lessons.lesson(rng, count, rounds=rounds)
    return drawn(entries), entries


def code(pictures: torch.Tensor) -> torch.Tensor:
    """The latents of pictures, (n, 24, 16, 16)."""
    weight, bias = components()
    return F.conv2d(pictures, weight, bias, stride=CELL)


@functools.cache
def components() -> tuple[torch.Tensor, torch.Tensor]:
    """What turns cells into latents, (24, 3, 16, 16) and (24,), computed once."""
    kept = load("components")
    if kept is None:
        weight, bias = _components(drawn(lessons.sample()))
        kept = {"weight": weight, "bias": bias}
        save("components", kept)
    return kept["weight"], kept["bias"]


def adopt_components() -> None:
    """Take the repository's numbers for cells, unless there are some already: those computed on
    another machine, or of a larger world, mean other things."""
    adopt("components", COMPONENTS)


def _components(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A convolution over whole cells, (24, 3, 16, 16) and (24,), giving latents of variance 1."""
    cells = F.unfold(pictures, CELL, stride=CELL).transpose(1, 2).flatten(0, 1)
    middle = cells.mean(0)
    spread = torch.linalg.eigh((cells - middle).T @ (cells - middle) / len(cells))
    sizes = spread.eigenvalues.flip(0)[:LATENT_CHANNELS].clamp(min=1e-6).sqrt()
    rows = spread.eigenvectors.flip(1)[:, :LATENT_CHANNELS].T
    evened = rows / sizes[:, None] ** EVENING
    evened /= (sizes ** (2 - 2 * EVENING)).mean().sqrt()
    return evened.view(LATENT_CHANNELS, 3, CELL, CELL), -evened @ middle


def train_decoder(
    steps: int = DECODER_STEPS, batch: int = DECODER_BATCH, *, again: bool = False
) -> AutoencoderKL:
    """Train the decoder, or go on; returns the codec with averaged weights.

    It begins with every cell's mean colour or, ``again``, with the weights in the repository.
    """
    torch.manual_seed(0)
    if again:
        adopt_components()
        codec = published().train()
    else:
        codec = build()
        begin_with_colours(codec, *mean_colours())
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        side = CROP if step < steps * (1 - WHOLE) else GRID
        wanted, _ = learnt(batch if side == CROP else 1)
        return window_loss(codec, code(wanted), wanted, side, NOISE)

    codec.to(memory_format=torch.channels_last)
    Loop("decoder", codec, rate=DECODER_RATE, total=steps, again=again).run(loss_at)
    return codec


@functools.cache
def mean_colours() -> tuple[torch.Tensor, torch.Tensor]:
    """The straight line from a cell's numbers to its mean colour: (24, 3) and (3,), in -1..1."""
    pictures = drawn(lessons.sample())
    cells = code(pictures).permute(0, 2, 3, 1).reshape(-1, LATENT_CHANNELS)
    colours = F.avg_pool2d(pictures, CELL).permute(0, 2, 3, 1).reshape(-1, 3)
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
    codec = build()
    codec.decoder.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        pictures, _ = learnt(batch)
        got = codec.quant_conv(codec.encoder(pictures))
        mean, spread = got.chunk(2, dim=1)
        return F.mse_loss(mean, code(pictures)) + 0.001 * (spread - SURE).abs().mean()

    Loop("encoder", codec, rate=ENCODER_RATE, total=steps).run(loss_at)
    return codec


def published() -> AutoencoderKL:
    """The codec in the repository, in single precision."""
    return AutoencoderKL.from_pretrained(IMAGE_FOLDER / "vae", torch_dtype=torch.float32)


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
    """L1 of the pixels and of their differences, and how far the edges' strength is off, cell by
    cell: of a whole picture, one bright line along its rim would make up for all other edges.

    L1 alone would rather draw an edge too weak than one beside its place.
    """
    off = read - true
    near = off.abs().mean() + off.diff(dim=-1).abs().mean() + off.diff(dim=-2).abs().mean()
    strength = (gradients(read) + FAINT) / (gradients(true) + FAINT)
    return near + CRISP * strength.log().abs().mean()


def gradients(pictures: torch.Tensor) -> torch.Tensor:
    """The gradient energy of each cell, (n, 1, h / CELL, w / CELL)."""
    down, across = pictures.diff(dim=-2).pow(2), pictures.diff(dim=-1).pow(2)
    energy = F.pad(down, (0, 0, 1, 0)) + F.pad(across, (1, 0))
    return F.avg_pool2d(energy.mean(1, keepdim=True), CELL)


def edges(pictures: torch.Tensor) -> torch.Tensor:
    """The mean gradient energy of each picture without its rim, (n,)."""
    inner = gradients(pictures)[:, :, 1:-1, 1:-1]
    return inner.mean((1, 2, 3))


@torch.no_grad()
def fidelity(codec: AutoencoderKL, rounds: int, every: int = 10) -> float:
    """Peak signal to noise of training pictures decoded from their latents, in dB."""
    true = drawn(lessons.sample(rounds=rounds)[::every])
    read = codec.decode(code(true)).sample.clamp(-1, 1)
    return (-10 * torch.log10(((read - true) / 2).pow(2).mean())).item()
