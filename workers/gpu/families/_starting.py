"""What denoising starts from: noise of a seed, moved towards another seed's for a variation, and,
for a part that is painted anew, what the rest of the picture must be at every step.

All noise is drawn on the CPU, so that a seed means the same picture on every device.
"""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image, ImageChops, ImageFilter, ImageOps

from ..job import Job

LARGEST_SEED = 2**63 - 1
CPU = torch.device("cpu")


def generator(seed: int) -> torch.Generator:
    """The source of a job's chance."""
    return torch.Generator("cpu").manual_seed(seed)


def noise(
    job: Job, shape: tuple[int, ...], chance: torch.Generator, dtype: torch.dtype
) -> torch.Tensor:
    """The job's starting noise, on the CPU: what a pipeline would draw, or a variation of it."""
    own = randn_tensor(shape, generator=chance, device=CPU, dtype=dtype)
    strength = job.real("variation_strength", 0.0, 0, 1)
    if not strength or job.parameters.get("variation_seed") is None:
        return own
    other = generator(job.whole("variation_seed", 0, 0, LARGEST_SEED))
    return slerp(own, randn_tensor(shape, generator=other, device=CPU, dtype=dtype), strength)


def slerp(one: torch.Tensor, other: torch.Tensor, share: float) -> torch.Tensor:
    """From one noise to another along the sphere they lie on, so that it stays noise."""
    start, end = one.flatten().double(), other.flatten().double()
    angle = torch.acos((start @ end / (start.norm() * end.norm())).clamp(-1, 1))
    if angle.sin() < 1e-6:
        return one
    mixed = torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end
    return (mixed / angle.sin()).view_as(one).to(one.dtype)


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """The picture in another size, its middle where the shape differs."""
    if image.size == (width, height):
        return image
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


@dataclass(slots=True)
class Repaint:
    """Keeps latents outside a mask at what the given picture would be at the same step.

    `mask` (1, 1, height, width) of the latents' size, 1 where the picture is made anew; `clean` and
    `noise` as the latents.
    """

    mask: torch.Tensor
    clean: torch.Tensor
    noise: torch.Tensor

    def keep(self, pipeline: Any, step: int, latents: torch.Tensor) -> torch.Tensor:
        """The latents after the step of that number, with the kept part put back."""
        known = self.clean
        if step + 1 < pipeline.num_timesteps:
            times = pipeline.scheduler.timesteps
            following = times[len(times) - pipeline.num_timesteps + step + 1]
            known = pipeline.scheduler.add_noise(self.clean, self.noise, following.reshape(1))
        return (self.mask * latents + (1 - self.mask) * known).to(latents.dtype)


def latent_mask(mask: Image.Image, like: torch.Tensor) -> torch.Tensor:
    """The mask in the latents' size: every latent that it touches is made anew."""
    data = torch.frombuffer(bytearray(mask.tobytes()), dtype=torch.uint8)
    pixels = data.view(1, 1, mask.height, mask.width).float() / 255
    small = torch.nn.functional.adaptive_max_pool2d(pixels, like.shape[-2:])
    return (small > 0.5).to(like.device, like.dtype)


def pasted(made: Image.Image, given: Image.Image, mask: Image.Image) -> Image.Image:
    """What was made inside the mask, exactly what was given outside, and no hard edge between."""
    radius = max(1.0, min(mask.size) / 128)
    soft = ImageChops.darker(mask, mask.filter(ImageFilter.GaussianBlur(radius)))
    return Image.composite(made, given, soft)
