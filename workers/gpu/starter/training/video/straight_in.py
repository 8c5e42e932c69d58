"""Sets a fresh encoder so that it gives a picture's latents as well as a straight line can.

Only for single pictures, which are what a clip may begin with; what it makes of later frames is
undefined. Making cells smaller loses nothing here: each step keeps the numbers that describe its
four parts best, and the last layer is fitted to give the latents.
"""

from collections.abc import Callable

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    WanAttentionBlock,
    WanResidualBlock,
    patchify,
)
from torch import nn
from torch.nn import functional as F

STEADY, RIGHT = 4000.0, 10.0  # as in ``straight``: for the norm, and for the curve
SURE = -20.0  # log variance of the encoder's output, which is certain


@torch.no_grad()
def set_straight(codec: AutoencoderKLWan, pictures: torch.Tensor, wanted: torch.Tensor) -> None:
    """Set the encoder so that ``pictures`` (n, 3, 1, h, w) give latents ``wanted``."""
    encoder = codec.encoder
    for module in encoder.modules():
        if isinstance(module, WanResidualBlock):
            module.conv2.weight.zero_()
            module.conv2.bias.zero_()
        elif isinstance(module, WanAttentionBlock):
            module.proj.weight.zero_()
            module.proj.bias.zero_()
    seen = patchify(pictures, codec.config.patch_size)
    _keep_best(encoder.conv_in, seen, 1)
    seen = encoder.conv_in(seen)
    for block in encoder.down_blocks[:-1]:
        _pass_on(block.resnets[0].conv_shortcut)
        _keep_best(block.downsampler.resample[1], block.resnets[0](seen), 2)
        _raise(block.downsampler.resample[1], block, seen)
        seen = block(seen)
    seen = encoder.mid_block(encoder.down_blocks[-1](seen))
    encoder.norm_out.gamma.fill_(seen.norm(dim=1).mean() / encoder.norm_out.scale)
    _fit(encoder.conv_out, encoder.nonlinearity(encoder.norm_out(seen)), wanted)
    _certain(codec.quant_conv)


def _keep_best(conv: nn.Module, seen: torch.Tensor, side: int) -> None:
    """Principal components of parts of ``side``; the last channel is kept for the steady number."""
    rows = seen.transpose(1, 2).flatten(0, 1)
    rows = F.unfold(rows, side, stride=side).transpose(1, 2).flatten(0, 1)
    spread = torch.linalg.eigh(torch.cov(rows.T))
    kept = min(conv.weight.shape[0] - 1, rows.shape[1])
    sizes = spread.eigenvalues.flip(0)[:kept].clamp(min=1e-8).sqrt()
    axes = (spread.eigenvectors.flip(1)[:, :kept] / sizes.clamp(min=0.05)).T
    conv.weight.zero_()
    conv.bias.zero_()
    taps = axes.view(kept, -1, side, side)
    if side == 1:
        conv.weight[:kept, :, 2, 1:2, 1:2] = taps
    else:
        conv.weight[:kept, :, :side, :side] = taps
    conv.bias[:kept] = -axes @ rows.mean(0)


def _raise(
    conv: nn.Module, block: Callable[[torch.Tensor], torch.Tensor], seen: torch.Tensor
) -> None:
    """Lift everything far above zero, and the last channel to the steady number."""
    made = block(seen)
    conv.bias[:-1] += RIGHT - made.mean((0, 2, 3, 4))[:-1]
    conv.bias[-1] += STEADY - made.mean((0, 2, 3, 4))[-1]


def _pass_on(shortcut: nn.Module) -> None:
    if isinstance(shortcut, nn.Conv3d):
        nn.init.dirac_(shortcut.weight)
        shortcut.bias.zero_()


def _fit(conv: nn.Module, seen: torch.Tensor, wanted: torch.Tensor) -> None:
    """The line from what is seen around a cell to its latents, by least squares."""
    around = F.unfold(seen[:, :, 0], 3, padding=1).transpose(1, 2).flatten(0, 1)
    latents = wanted[:, :, 0].flatten(2).transpose(1, 2).flatten(0, 1)
    middle, target = around.mean(0), latents.mean(0)
    off = around - middle
    off[:, -9:] = 0  # nothing is read from the steady number
    inner = off.T @ off / len(off)
    # Each number's own spread sets how much it may be held back.
    inner += torch.diag(inner.diagonal() * 1e-4 + 1e-6)
    line = torch.linalg.solve(inner, off.T @ (latents - target) / len(off))
    conv.weight.zero_()
    conv.bias.zero_()
    size = line.shape[1]
    conv.weight[:size, :, 2] = line.T.reshape(size, -1, 3, 3)
    conv.weight[:, -1] = 0
    conv.bias[:size] = target - middle[:-9] @ line[:-9]


def _certain(conv: nn.Module) -> None:
    """Pass the latents on, and be sure of them."""
    size = conv.weight.shape[0] // 2
    conv.weight.zero_()
    conv.bias.zero_()
    conv.weight[:size, :size, 0, 0, 0] = torch.eye(size)
    conv.bias[size:] = SURE
