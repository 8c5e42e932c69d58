"""Sets a fresh decoder so that it reads latents at once as well as a straight line can.

From random weights so small a decoder spends hours on blurs: it makes a cell larger by repeating
it, and learns only slowly which part of the cell a repeated one has to draw. Here it is told. Cells
count how far they are from the edges; where the count goes up or down is a part's left and right,
top and bottom; and of four drawings made for the four parts, those that do not belong are pushed
below zero, where the curve (SiLU) swallows them. All else passes that curve far to its right, where
it is a straight line, and beside one steady, large number that keeps every norm from scaling it.
What remains for training is what a straight line cannot draw.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    WanAttentionBlock,
    WanResidualBlock,
    WanRMS_norm,
)
from torch import nn
from torch.nn import functional as F

from . import clips

CELL, SPAN, PATCH = 16, 4, 4  # pixels along a cell, frames in it, pixels along a last patch
HALF, QUARTER = CELL // 2, CELL // 4
WHOLE, FRAME, PART, LAST = 62, 34, 22, 22  # numbers kept of a cell, a frame of it, a half, a patch
STEADY, RIGHT, FAR, GATE = 4000.0, 8.0, 16.0, 16.0
SLOPE = 30.0  # how steep a count's rise becomes a yes or a no
REACH = 4  # cells that the counts go up to, from both edges
QUADRANTS = ((0, 0), (0, 1), (1, 0), (1, 1))  # lower?, right?


class Lines(NamedTuple):
    """Straight lines from latents to pixels in four steps; each a weight and an offset."""

    whole: tuple[torch.Tensor, torch.Tensor]  # 3×3 latents → a cell's numbers
    first: tuple[torch.Tensor, torch.Tensor]  # 3×3 latents → a first frame's numbers
    frames: list[tuple[torch.Tensor, torch.Tensor]]  # a cell's → one frame's, for each of SPAN
    halves: list[tuple[torch.Tensor, torch.Tensor]]  # a frame's → one quadrant's
    patches: list[tuple[torch.Tensor, torch.Tensor]]  # a quadrant's → one of its patches'
    pixels: tuple[torch.Tensor, torch.Tensor]  # a patch's → its pixels, colour by colour


def _slots(*sizes: int) -> Iterator[slice]:
    start = 0
    for size in sizes:
        yield slice(start, start + size)
        start += size


# Channels of the wide levels: two frames, the cell, the steady one, counts, their difference across
# and down, yes-or-no for the first halving; two quadrants, finer counts, yes-or-no for the second.
NOW, NEXT, CODE, KEEP, COUNTS, PLACE, SIDES, PART_NOW, PART_NEXT, FINE, FINE_SIDES = _slots(
    FRAME, FRAME, WHOLE, 1, 4, 2, 4, PART, PART, 2, 4
)
USED = FINE_SIDES.stop
STEPS_TO = (
    (0, -1),
    (0, 1),
    (-1, 0),
    (1, 0),
)  # what the four counts count: left, right, above, below


@torch.no_grad()
def set_straight(codec: AutoencoderKLWan, lines: Lines, sample: torch.Tensor) -> None:
    """Set the decoder; ``sample`` are latents (n, 48, 5, 8, 8) to measure the norms' scales on."""
    decoder = codec.decoder
    channels = codec.post_quant_conv.weight.shape[0]
    codec.post_quant_conv.weight.copy_(torch.eye(channels)[:, :, None, None, None])
    codec.post_quant_conv.bias.zero_()
    for module in decoder.modules():
        if isinstance(module, WanResidualBlock):
            module.conv2.weight.zero_()
            module.conv2.bias.zero_()
        elif isinstance(module, WanAttentionBlock):
            module.proj.weight.zero_()
            module.proj.bias.zero_()
    _enter(decoder.conv_in, lines)
    _count(decoder.mid_block.resnets[0], decoder.mid_block.resnets[1])
    first, second, third = decoder.up_blocks
    _double(first.upsampler, NOW, PLACE, SIDES, REACH + 1.0, REACH + 1.0)
    _split_time(first.upsampler.time_conv, lines.frames)
    _halve(second.resnets[0], lines.halves)
    _double(second.upsampler, PART_NOW, FINE, FINE_SIDES, 2 * REACH + 1.0, 2 * REACH + 2.0)
    _swap_time(second.upsampler.time_conv)
    _quarter(third.resnets[0], lines.patches)
    _leave(decoder.conv_out, lines.pixels)
    _level(codec, sample)


def _enter(conv: nn.Module, lines: Lines) -> None:
    """Latents to a cell's numbers and a first frame's, and the steady number."""
    conv.weight[:USED] = 0
    conv.bias[:USED] = 0
    for slot, (weight, offset) in ((CODE, lines.whole), (NOW, lines.first), (NEXT, lines.first)):
        conv.weight[slot, :, 2] = weight
        conv.bias[slot] = offset + (0.0 if slot is CODE else RIGHT)
    conv.bias[KEEP] = STEADY


def _count(first: WanResidualBlock, second: WanResidualBlock) -> None:
    """Count cells to each edge, up to REACH: each convolution looks one cell further."""
    _only(first.conv1, 5)
    _only(second.conv1, 5)
    for block in (first, second):
        block.conv1.weight[4, KEEP, 2, 1, 1] = 1.0
    for number, (down, across) in enumerate(STEPS_TO):
        there = (2, 1 + down, 1 + across)
        _further(first.conv1, number, None, KEEP.start, there)
        _further(first.conv2, COUNTS.start + number, number, 4, there)
        _further(second.conv1, number, COUNTS.start + number, KEEP.start, there)
        place, sign = PLACE.start + (1 if across == 0 else 0), 1 if number % 2 == 0 else -1
        for source, by in ((number, 1.0), (4, (1.0 - FAR) / STEADY)):
            second.conv2.weight[(place, source, *there)] += sign * by
    second.conv2.bias[PLACE] = FAR


def _further(
    conv: nn.Module, target: int, source: int | None, steady: int, there: tuple[int, int, int]
) -> None:
    """One more than the neighbour's count; nothing where there is no neighbour."""
    conv.weight[(target, steady, *there)] = (1.0 - (FAR if source is not None else 0.0)) / STEADY
    if source is not None:
        conv.weight[(target, source, *there)] = 1.0
    conv.bias[target] = FAR


def _double(
    upsampler: nn.Module, drawn: slice, place: slice, sides: slice, low: float, high: float
) -> None:
    """Repeat cells, and say of each copy whether it is the left or right, upper or lower one."""
    conv = upsampler.resample[1]
    _only(conv, USED)
    width = 2 * (drawn.stop - drawn.start)  # now and next
    for channel in range(drawn.start, drawn.start + width):
        conv.weight[channel, channel, 1, 1] = 1.0
    if place is FINE:
        for channel in range(FINE.start, FINE.stop):
            conv.weight[channel, channel, 1, 1] = 1.0
    for axis in range(2):
        line = conv.weight.new_zeros(2, 3)
        line[0] = torch.tensor([1.0, -2.0, 1.0])
        # The steady number tells the edges, and takes away what keeps the counts above zero.
        line[1] = -FAR / STEADY * line[0]
        line[1] += torch.tensor([low, high - low, -high]) / STEADY
        for half, side in enumerate((0.5, -0.5)):
            row = sides.start + 2 * axis + half
            for source, taps in ((place.start + axis, line[0]), (KEEP.start, line[1])):
                where = conv.weight[row, source]
                (where[1] if axis == 0 else where[:, 1]).add_(SLOPE * taps)
            conv.bias[row] = side


def _split_time(conv: nn.Module, frames: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """From a cell's numbers the first two frames, and the last two; what was there is taken off."""
    width = conv.weight.shape[1]
    _pass_time(conv)
    for phase in range(2):
        for slot, (weight, offset) in zip((NOW, NEXT), frames[2 * phase :][:2], strict=True):
            rows = slice(phase * width + slot.start, phase * width + slot.stop)
            conv.weight[rows, CODE, 2, 0, 0] = 2 * weight
            conv.weight[rows, slot, 2, 0, 0] = -torch.eye(FRAME)
            conv.bias[rows] = 2 * (offset + RIGHT)


def _swap_time(conv: nn.Module) -> None:
    """The first frame as it is; then the next one in its place."""
    width = conv.weight.shape[1]
    _pass_time(conv)
    for phase, source in enumerate((PART_NOW, PART_NEXT)):
        rows = slice(phase * width + PART_NOW.start, phase * width + PART_NOW.stop)
        conv.weight[rows, source, 2, 0, 0] = torch.eye(PART)


def _pass_time(conv: nn.Module) -> None:
    width = conv.weight.shape[1]
    for phase in range(2):
        rows = slice(phase * width, phase * width + USED)
        conv.weight[rows] = 0
        conv.bias[rows] = 0
        for slot in (KEEP, PLACE, FINE):
            for channel in range(slot.start, slot.stop):
                conv.weight[phase * width + channel, channel, 2, 0, 0] = 1.0


def _halve(block: WanResidualBlock, halves: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Each copy draws its quadrant of both frames, and counts by halves of a cell."""
    steady, fine = 8 * PART, 8 * PART + 1
    _only(block.conv1, fine + 2)
    block.conv1.weight[steady, KEEP, 2, 1, 1] = 1.0
    for number, (weight, offset) in enumerate(halves):
        for frame, slot in enumerate((NOW, NEXT)):
            rows = slice((2 * number + frame) * PART, (2 * number + frame + 1) * PART)
            block.conv1.weight[rows, slot, 2, 1, 1] = weight / 2
            block.conv1.bias[rows] = offset - RIGHT * weight.sum(1)
            _gate(block.conv1, rows, SIDES, QUADRANTS[number])
            target = (PART_NOW, PART_NEXT)[frame]
            block.conv2.weight[target, rows, 2, 1, 1] = torch.eye(PART)
            block.conv2.bias[target] = RIGHT - GATE
    for axis in range(2):
        block.conv1.weight[fine + axis, PLACE.start + axis, 2, 1, 1] = 2.0
        _yes(block.conv1, slice(fine + axis, fine + axis + 1), SIDES, axis, 1.0)
        block.conv1.bias[fine + axis] = -FAR
        block.conv2.weight[FINE.start + axis, fine + axis, 2, 1, 1] = 1.0


def _quarter(block: WanResidualBlock, patches: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Each copy draws its patch; only that and the steady number go on."""
    _only(block.conv1, 4 * LAST + 1)
    block.conv1.weight[4 * LAST, KEEP, 2, 1, 1] = 1.0
    block.conv_shortcut.weight.zero_()
    block.conv_shortcut.bias.zero_()
    for number, (weight, offset) in enumerate(patches):
        rows = slice(number * LAST, (number + 1) * LAST)
        block.conv1.weight[rows, PART_NOW, 2, 1, 1] = weight
        block.conv1.bias[rows] = offset - RIGHT * weight.sum(1)
        _gate(block.conv1, rows, FINE_SIDES, QUADRANTS[number])
        block.conv2.weight[:LAST, rows, 2, 1, 1] = torch.eye(LAST)
    block.conv2.bias[:LAST] = RIGHT - GATE
    block.conv2.weight[LAST, 4 * LAST, 2, 1, 1] = 1.0


def _gate(conv: nn.Module, rows: slice, sides: slice, quadrant: tuple[int, int]) -> None:
    """Lift the rows by GATE where both sides are this quadrant's, push them down elsewhere."""
    down, across = quadrant
    conv.bias[rows] -= 3 * GATE
    for axis, wanted in ((0, across), (1, down)):
        _yes(conv, rows, sides, axis, 2 * GATE if wanted else -2 * GATE)
        conv.bias[rows] += 0.0 if wanted else 2 * GATE


def _yes(conv: nn.Module, rows: slice, sides: slice, axis: int, by: float) -> None:
    """Add ``by`` where a copy is the right one (axis 0) or the lower one (axis 1)."""
    conv.weight[rows, sides.start + 2 * axis, 2, 1, 1] = by
    conv.weight[rows, sides.start + 2 * axis + 1, 2, 1, 1] = -by


def _leave(conv: nn.Module, pixels: tuple[torch.Tensor, torch.Tensor]) -> None:
    """A patch's numbers to its pixels, in the order that unpatchify takes them."""
    weight, offset = pixels
    order = torch.arange(3 * PATCH**2).view(3, PATCH, PATCH).transpose(1, 2).flatten()
    conv.weight.mul_(0.01)
    conv.weight[:, : LAST + 1] = 0
    conv.weight[:, :LAST, 2, 1, 1] = weight[order]
    conv.bias.copy_((offset - RIGHT * weight.sum(1))[order])


def _only(conv: nn.Module, used: int) -> None:
    """Clear the rows that are going to be set, and let the steady number into no other."""
    conv.weight[used:] *= 0.02
    conv.weight[used:, KEEP] = 0
    conv.weight[:used] = 0
    conv.bias[:used] = 0


def _level(codec: AutoencoderKLWan, sample: torch.Tensor) -> None:
    """Let every norm that something passes give back about what it got."""
    decoder = codec.decoder
    blocks = [*decoder.mid_block.resnets, decoder.up_blocks[1].resnets[0]]
    blocks.append(decoder.up_blocks[2].resnets[0])
    norms = [norm for block in blocks for norm in (block.norm1, block.norm2)]
    hooks = [norm.register_forward_pre_hook(_measure) for norm in (*norms, decoder.norm_out)]
    codec.decode(sample)
    for hook in hooks:
        hook.remove()


def _measure(norm: WanRMS_norm, inputs: tuple[torch.Tensor, ...]) -> None:
    norm.gamma.fill_(inputs[0].norm(dim=1).mean() / norm.scale)


@functools.cache
def find_lines() -> Lines:
    """The lines that fit the training clips best."""
    from . import codec

    later, opening = _Fit(3 * SPAN * CELL**2), _Fit(3 * CELL**2)
    for latents, entry in zip(codec.latents(), clips.training_set(), strict=True):
        around = F.unfold(latents.float().transpose(0, 1), 3, padding=1)  # (5, 48 · 9, 64)
        film = codec.to_tensor(clips.film(*entry)[None])
        cells = codec.cells(film).view(len(latents[0]), -1, 3, SPAN, CELL, CELL)
        later.add(around[1:].transpose(1, 2).flatten(0, 1), cells[1:].flatten(0, 1).flatten(1))
        opening.add(around[0].T, cells[0, :, :, 0].flatten(1))
    return _reduce(later, opening)


class _Fit:
    """A straight line from latents around a cell to its pixels, by least squares."""

    def __init__(self, size: int) -> None:
        self.inner, self.outer = torch.zeros(433, 433), torch.zeros(433, size)

    def add(self, around: torch.Tensor, pixels: torch.Tensor) -> None:
        rows = F.pad(around, (0, 1), value=1.0)
        self.inner += rows.T @ rows
        self.outer += rows.T @ pixels

    def solve(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Weight (432, size), offset (size,), and the root of the latents' spread."""
        count = self.inner[-1, -1]
        ridge = torch.eye(433) * count * 1e-4
        found = torch.linalg.solve(self.inner + ridge, self.outer)
        middle = self.inner[-1, :-1] / count
        spread = self.inner[:-1, :-1] / count - middle[:, None] * middle
        root = torch.linalg.cholesky(spread + torch.eye(432) * 1e-4)
        return found[:-1], found[-1] + middle @ found[:-1], root


def _reduce(later: _Fit, opening: _Fit) -> Lines:
    weight, mean, root = later.solve()
    middle = later.inner[-1, :-1] / later.inner[-1, -1]
    _, sizes, axes = torch.linalg.svd(root.T @ weight, full_matrices=False)
    axes, sizes = axes[:WHOLE], sizes[:WHOLE]
    code = weight @ axes.T / sizes.clamp(min=1e-4)
    drawn = (axes * sizes[:, None]).view(WHOLE, 3, SPAN, -1).transpose(1, 2).flatten(2)
    means = mean.view(3, SPAN, -1).transpose(0, 1).flatten(1)
    frames = [(drawn[:, t], means[t]) for t in range(SPAN)]
    frame = _basis(frames, FRAME)
    first, first_mean, _ = opening.solve()
    first_middle = opening.inner[-1, :-1] / opening.inner[-1, -1]
    quadrants = _cut([frame], CELL)
    half = _basis(quadrants, PART)
    patches = _cut([half], HALF)
    patch = _basis(patches, LAST)
    return Lines(
        whole=_taps(code, -middle @ code),
        first=_taps(*_onto(frame, (first, first_mean - first_middle @ first))),
        frames=[_line(_onto(frame, one)) for one in frames],
        halves=[_line(_onto(half, one)) for one in quadrants],
        patches=[_line(_onto(patch, one)) for one in patches],
        pixels=(patch[0].T.contiguous(), patch[1]),
    )


Drawing = tuple[torch.Tensor, torch.Tensor]  # (numbers, pixels) and the pixels' mean


def _basis(drawings: list[Drawing], kept: int) -> Drawing:
    """The numbers that describe all these drawings best, each of deviation 1."""
    mean = torch.stack([one[1] for one in drawings]).mean(0)
    rows = torch.cat([torch.cat([one[0], (one[1] - mean)[None]]) for one in drawings])
    _, sizes, axes = torch.linalg.svd(rows, full_matrices=False)
    return axes[:kept] * (sizes[:kept] / len(drawings) ** 0.5)[:, None], mean


def _onto(basis: Drawing, drawing: Drawing) -> Drawing:
    """A drawing in a basis' numbers: (numbers before, numbers after) and the offset."""
    inverse = torch.linalg.pinv(basis[0])
    return drawing[0] @ inverse, (drawing[1] - basis[1]) @ inverse


def _cut(drawings: list[Drawing], side: int) -> list[Drawing]:
    """The four quadrants of a drawing ``side`` pixels wide."""
    (weight, mean), half = drawings[0], side // 2
    both = torch.cat([weight, mean[None]]).view(-1, 3, side, side)
    parts = [
        both[:, :, down * half : (down + 1) * half, across * half : (across + 1) * half].flatten(1)
        for down, across in QUADRANTS
    ]
    return [(part[:-1], part[-1]) for part in parts]


def _line(drawing: Drawing) -> tuple[torch.Tensor, torch.Tensor]:
    return drawing[0].T.contiguous(), drawing[1]


def _taps(weight: torch.Tensor, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return weight.T.reshape(-1, weight.shape[0] // 9, 3, 3), offset
