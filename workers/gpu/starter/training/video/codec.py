"""The codec of clips: 17 frames of 128×128 to 5×8×8 cells of 48 numbers and back.

An AutoencoderKLWan with patches as in Wan 2.2, but larger ones. As in the image codec, what the
numbers are is not learnt but computed: the principal components of the world's cells of 4 frames by
16×16 pixels, evened out. Decoder and encoder are computed too (``straight``, ``straight_in``), so
that only the transformer has to learn. A first frame counts as four alike ones.
"""

import functools

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from torch.nn import functional as F

from ..recipe import VIDEO_FOLDER, adopt, load, placed, save
from . import clips, straight, straight_in

COMPONENTS = VIDEO_FOLDER / "vae" / "components.safetensors"
CHANNELS = 48
CELL, SPAN = 16, 4  # pixels along a cell, frames in it
GRID = clips.SIDE // CELL
STEPS = (clips.FRAMES - 1) // SPAN + 1  # latent frames of a clip
EVENING = 0.7
SAMPLE = 150  # clips that the components are computed from
PICTURES = 300  # that the encoder is fitted to


def build() -> AutoencoderKLWan:
    """The codec with fresh weights; the latents' mean is 0 and their deviation 1."""
    return AutoencoderKLWan(
        base_dim=48,
        decoder_base_dim=96,
        z_dim=CHANNELS,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        latents_mean=[0.0] * CHANNELS,
        latents_std=[1.0] * CHANNELS,
        is_residual=True,
        in_channels=3 * straight.PATCH**2,
        out_channels=3 * straight.PATCH**2,
        patch_size=straight.PATCH,
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


def adopt_components() -> None:
    """Take the repository's numbers for cells, unless there are some already: those computed on
    another machine mean other things."""
    adopt("video/components", COMPONENTS)


def _principal() -> tuple[torch.Tensor, torch.Tensor]:
    rng, listed = np.random.default_rng(12), list(clips.training_set())
    chosen = rng.choice(len(listed), min(SAMPLE, len(listed)), replace=False)
    total, outer, count = torch.zeros(()), torch.zeros(()), 0
    for index in chosen:
        rows = cells(to_tensor(clips.film(*listed[index])[None]))
        total, outer, count = total + rows.sum(0), outer + rows.T @ rows, count + len(rows)
    middle = total / count
    spread = torch.linalg.eigh(outer / count - middle[:, None] * middle)
    sizes = spread.eigenvalues.flip(0)[:CHANNELS].clamp(min=1e-6).sqrt()
    rows = spread.eigenvectors.flip(1)[:, :CHANNELS].T
    evened = rows / sizes[:, None] ** EVENING
    evened /= (sizes ** (2 - 2 * EVENING)).mean().sqrt()
    return evened.view(CHANNELS, 3, SPAN, CELL, CELL), -evened @ middle


def cells(films: torch.Tensor) -> torch.Tensor:
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


def compute_codec() -> AutoencoderKLWan:
    """Set decoder and encoder, unless that is done; no training."""
    kept, codec = load("video/codec"), build()
    if kept is None:
        torch.manual_seed(0)
        straight.set_straight(codec, straight.find_lines(), latents()[::40].float())
        shown = _single_frames()
        straight_in.set_straight(codec, shown, compute(shown))
        kept = {"weights": codec.state_dict()}
        save("video/codec", kept)
    codec.load_state_dict(kept["weights"])
    return codec.eval()


def _single_frames() -> torch.Tensor:
    """One random frame of each of some clips, (PICTURES, 3, 1, h, w)."""
    rng, listed = np.random.default_rng(13), list(clips.training_set())
    chosen = [listed[i] for i in rng.permutation(len(listed))[:PICTURES]]
    films = [clips.film(*entry)[int(rng.integers(clips.FRAMES))] for entry in chosen]
    return to_tensor(np.stack(films)[:, None])


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
    numbers = coded.permute(0, 2, 3, 4, 1).reshape(-1, CHANNELS)
    films = [to_tensor(clips.film(*entry)[None]) for entry in list(clips.training_set())[::5]]
    held = [torch.cat([f[:, :, :1].expand(-1, -1, SPAN - 1, -1, -1), f], 2) for f in films]
    shrunk = [F.avg_pool3d(f, (SPAN, CELL, CELL)) for f in held]
    colours = torch.cat(shrunk).permute(0, 2, 3, 4, 1).reshape(-1, 3)
    solved = torch.linalg.lstsq(F.pad(numbers, (0, 1), value=1.0), colours).solution
    return solved[:-1], solved[-1]
