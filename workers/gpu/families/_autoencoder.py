"""Pictures to latents, and latents back to pictures, by the autoencoder of a loaded pipeline. The
calls of diffusers would decode before they return; here they leave latents, and decoding is a step
of its own, which another thread may take. Not for how a family scales its latents.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image

from ..decoding import Undecoded
from ._loaded import Loaded


def encoded(vae: Any, image: torch.Tensor, where: torch.device) -> torch.Tensor:
    """A picture (1, 3, height, width) of -1…1 as latents in the scale that the model denoises."""
    number = vae.dtype
    with widened(vae):
        found = vae.encode(image.to(where, vae.dtype))
    # Distilled autoencoders are certain; the others answer with a distribution.
    latents = found.latents if hasattr(found, "latents") else found.latent_dist.mode()
    latents = latents.to(number)
    mean, spread = normal(vae, latents)
    latents = (latents - mean) / spread
    return (latents - (vae.config.get("shift_factor") or 0)) * vae.config.scaling_factor


def normal(vae: Any, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and spread of each channel of the autoencoder's latents, shaped and formatted for these;
    0 and 1 where it knows none."""
    known = [vae.config.get(name) for name in ("latents_mean", "latents_std")]
    values = known if all(known) else [[0.0], [1.0]]
    shape = (1, -1, *[1] * (latents.ndim - 2))
    mean, spread = (torch.tensor(each).to(latents).view(shape) for each in values)
    return mean, spread


def undecoded(
    model: Loaded,
    latents: torch.Tensor,
    unscaled: Callable[[Any, torch.Tensor], torch.Tensor] = lambda vae, latents: latents,
    after: Callable[[Image.Image], Image.Image] = lambda made: made,
) -> Undecoded:
    """One picture's latents (1, channels, height, width), to be decoded later. `unscaled` brings
    them into the autoencoder's own scale; `after` is done to the picture."""

    def decode() -> Image.Image:
        made = decoded(model.pipeline.vae, unscaled(model.pipeline.vae, latents))
        return after(model.pipeline.image_processor.postprocess(made, output_type="pil")[0])

    return Undecoded(model, decode)


def decoded(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents in the autoencoder's own scale as pixels of -1…1."""
    with torch.no_grad(), widened(vae):
        return vae.decode(latents.to(vae.dtype), return_dict=False)[0]


@contextmanager
def widened(vae: Any) -> Iterator[None]:
    """While it lasts, an autoencoder that overflows in float16 computes in float32."""
    if vae.dtype != torch.float16 or not vae.config.get("force_upcast"):
        yield
        return
    vae.to(torch.float32)
    try:
        yield
    finally:
        vae.to(torch.float16)
