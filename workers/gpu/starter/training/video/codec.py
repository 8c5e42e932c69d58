"""The codec of clips: 17 frames of 128×128 to 5×8×8 cells of 48 numbers and back.

An AutoencoderKLWan with Wan 2.2's patches. As in the image codec, what the numbers are is not
learnt but computed: the principal components of the world's cells of 4 frames by 16×16
pixels, evened out. So decoder, encoder and transformer can learn side by side. A first frame counts
as four alike ones.
"""

import functools

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from torch.nn import functional as F

from ..loop import Loop
from ..recipe import load, placed, save
from . import clips

CHANNELS = 48
CELL, SPAN = 16, 4  # pixels along a cell, frames in it
GRID = clips.SIDE // CELL
STEPS = (clips.FRAMES - 1) // SPAN + 1  # latent frames of a clip
EVENING = 0.7
SAMPLE = 150  # clips that the components are computed from
DECODER_STEPS, DECODER_RATE = 1500, 1.5e-3
ENCODER_STEPS, ENCODER_BATCH, ENCODER_RATE = 600, 4, 2e-3
WINDOW, REACH = 4, 3  # cells along the windows that the decoder learns on, and latent frames
NOISE = 0.3  # most noise on a latent while the decoder learns, in standard deviations
WHOLE = 0.1  # share of the decoder's steps, the last ones, that see whole frames
SINGLE = 0.75  # share of the encoder's lessons that are single frames, as they are to be animated
SURE = -20.0  # log variance of the encoder's output, which is certain


def build() -> AutoencoderKLWan:
    """The codec with fresh weights; the latents' mean is 0 and their deviation 1."""
    return AutoencoderKLWan(
        base_dim=16,
        decoder_base_dim=16,
        z_dim=CHANNELS,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * CHANNELS,
        latents_std=[1.0] * CHANNELS,
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_temporal=SPAN,
        scale_factor_spatial=CELL,
    )


def to_tensor(films: np.ndarray) -> torch.Tensor:
    """(n, frames, h, w, 3) uint8 to (n, 3, frames, h, w) float in -1..1."""
    return placed(films).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def compute(films: torch.Tensor) -> torch.Tensor:
    """The latents of films (n, 3, 1 + 4k, h, w): (n, CHANNELS, 1 + k, h/16, w/16)."""
    weight, bias = components()
    held = torch.cat([films[:, :, :1].expand(-1, -1, SPAN - 1, -1, -1), films], dim=2)
    return F.conv3d(held, weight, bias, stride=(SPAN, CELL, CELL))


@functools.cache
def components() -> tuple[torch.Tensor, torch.Tensor]:
    """A convolution over whole cells, (48, 3, 4, 16, 16) and (48,); it gives variance 1."""
    kept = load("video/components")
    if kept is None:
        weight, bias = _principal()
        kept = {"weight": weight, "bias": bias}
        save("video/components", kept)
    return kept["weight"], kept["bias"]


def _principal() -> tuple[torch.Tensor, torch.Tensor]:
    rng, listed = np.random.default_rng(12), list(clips.training_set())
    chosen = rng.choice(len(listed), min(SAMPLE, len(listed)), replace=False)
    total, outer, count = torch.zeros(()), torch.zeros(()), 0
    for index in chosen:
        cells = _cells(to_tensor(clips.film(*listed[index])[None]))
        total, outer, count = total + cells.sum(0), outer + cells.T @ cells, count + len(cells)
    middle = total / count
    spread = torch.linalg.eigh(outer / count - middle[:, None] * middle)
    sizes = spread.eigenvalues.flip(0)[:CHANNELS].clamp(min=1e-6).sqrt()
    rows = spread.eigenvectors.flip(1)[:, :CHANNELS].T
    evened = rows / sizes[:, None] ** EVENING
    evened /= (sizes ** (2 - 2 * EVENING)).mean().sqrt()
    return evened.view(CHANNELS, 3, SPAN, CELL, CELL), -evened @ middle


def _cells(films: torch.Tensor) -> torch.Tensor:
    """Every cell of films (n, 3, 1 + 4k, h, w) as a row of 3 · 4 · 16 · 16 numbers."""
    held = torch.cat([films[:, :, :1].expand(-1, -1, SPAN - 1, -1, -1), films], dim=2)
    cut = held.unfold(2, SPAN, SPAN).unfold(3, CELL, CELL).unfold(4, CELL, CELL)
    return cut.permute(0, 2, 3, 4, 1, 5, 6, 7).reshape(-1, 3 * SPAN * CELL * CELL)


@functools.cache
def latents() -> torch.Tensor:
    """The latents of all training clips, (n, 48, 5, 8, 8) in half precision, computed once."""
    kept = load("video/latents")
    if kept is None:
        coded = [
            compute(to_tensor(clips.film(*entry)[None])).half() for entry in clips.training_set()
        ]
        kept = {"latents": torch.cat(coded)}
        save("video/latents", kept)
    return kept["latents"]


def train_decoder(steps: int = DECODER_STEPS) -> AutoencoderKLWan:
    """Train the decoder, or go on; returns the codec with averaged weights."""
    torch.manual_seed(0)
    codec, entries = build(), list(clips.training_set())
    codec.encoder.requires_grad_(False)
    codec.quant_conv.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        entry = entries[int(torch.randint(len(entries), ()))]
        side = WINDOW if step < steps * (1 - WHOLE) else GRID
        wanted = _window(to_tensor(clips.film(*entry)[None]), side)
        coded = compute(wanted)
        coded = coded + torch.randn_like(coded) * torch.rand(()) * NOISE
        return difference(read(codec, coded), wanted)

    Loop("video/decoder", codec, rate=DECODER_RATE, total=steps).run(loss_at)
    return codec


def _window(film: torch.Tensor, side: int) -> torch.Tensor:
    """A part of a film that begins at any frame, ``side`` cells wide and high."""
    first = int(torch.randint(clips.FRAMES - SPAN * (REACH - 1), ()))
    down, across = (CELL * int(torch.randint(GRID - side + 1, ())) for _ in "yx")
    return film[
        :,
        :,
        first : first + 1 + SPAN * (REACH - 1),
        down : down + side * CELL,
        across : across + side * CELL,
    ]


def read(codec: AutoencoderKLWan, coded: torch.Tensor) -> torch.Tensor:
    """What ``decode`` gives, but not cut off at black and white: where it is, nothing is learnt."""
    codec.clear_cache()
    opened, parts = codec.post_quant_conv(coded), []
    for number in range(coded.shape[2]):
        codec._conv_idx = [0]
        parts.append(
            codec.decoder(
                opened[:, :, number : number + 1],
                feat_cache=codec._feat_map,
                feat_idx=codec._conv_idx,
                first_chunk=number == 0,
            )
        )
    codec.clear_cache()
    return unpatchify(torch.cat(parts, dim=2), codec.config.patch_size)


def difference(read: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """L1 of the pixels and of their differences across and down."""
    off = read - true
    return off.abs().mean() + off.diff(dim=-1).abs().mean() + off.diff(dim=-2).abs().mean()


def train_encoder(steps: int = ENCODER_STEPS, batch: int = ENCODER_BATCH) -> AutoencoderKLWan:
    """Train the encoder to give the computed latents, or go on."""
    torch.manual_seed(0)
    codec, entries = build(), list(clips.training_set())
    codec.decoder.requires_grad_(False)
    codec.post_quant_conv.requires_grad_(False)

    def loss_at(step: int) -> torch.Tensor:
        alone = torch.rand(()) < SINGLE
        chosen = torch.randint(len(entries), (batch if alone else 1,))
        films = to_tensor(np.stack([clips.film(*entries[index]) for index in chosen]))
        first = int(torch.randint(clips.FRAMES, ())) if alone else 0
        shown = films[:, :, first : first + 1] if alone else films[:, :, : 1 + SPAN]
        mean, spread = codec.encode(shown).latent_dist.parameters.chunk(2, dim=1)
        return F.mse_loss(mean, compute(shown)) + 0.001 * (spread - SURE).abs().mean()

    Loop("video/encoder", codec, rate=ENCODER_RATE, total=steps).run(loss_at)
    return codec


def trained() -> AutoencoderKLWan:
    """The codec as far as its stages have come."""
    whole = build()
    weights = whole.state_dict()
    for name in ("decoder", "encoder"):
        state = load(f"video/{name}")
        mine = ("encoder.", "quant_conv") if name == "encoder" else ("decoder.", "post_quant")
        if state is not None:
            weights.update({k: v for k, v in state["average"].items() if k.startswith(mine)})
    whole.load_state_dict(weights)
    return whole.eval()


@torch.no_grad()
def fidelity(codec: AutoencoderKLWan, every: int = 60) -> float:
    """Peak signal to noise of training clips decoded from their latents, in dB."""
    errors = []
    for entry in list(clips.training_set())[::every]:
        true = to_tensor(clips.film(*entry)[None])
        errors.append(((codec.decode(compute(true)).sample - true) / 2).pow(2).mean())
    return (-10 * torch.log10(torch.stack(errors).mean())).item()


@functools.cache
def mean_colours() -> tuple[torch.Tensor, torch.Tensor]:
    """The straight line from a cell's numbers to its mean colour: (48, 3) and (3,), in -1..1."""
    coded = latents()[::5].float()
    cells = coded.permute(0, 2, 3, 4, 1).reshape(-1, CHANNELS)
    films = [to_tensor(clips.film(*entry)[None]) for entry in list(clips.training_set())[::5]]
    held = [torch.cat([f[:, :, :1].expand(-1, -1, SPAN - 1, -1, -1), f], 2) for f in films]
    shrunk = [F.avg_pool3d(f, (SPAN, CELL, CELL)) for f in held]
    colours = torch.cat(shrunk).permute(0, 2, 3, 4, 1).reshape(-1, 3)
    solved = torch.linalg.lstsq(F.pad(cells, (0, 1), value=1.0), colours).solution
    return solved[:-1], solved[-1]
