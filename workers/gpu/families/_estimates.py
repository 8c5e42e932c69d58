"""What the picture will be, guessed in the middle of denoising, so that a preview shows a picture
that forms and not noise that fades. Arithmetic on two neighbouring steps; the model is not asked.
"""

from collections.abc import Callable
from typing import Any


def estimate(scheduler: Any, step: int, before: Any, after: Any) -> Callable[[], Any]:
    """How to guess the final latents from those before and after a step; `before` may be None.

    A step without fresh noise keeps the noise it has: before = s·x + n·e and after = s'·x + n'·e
    with the same e, so the final x follows. Schedulers that add noise only make the guess rougher.
    """
    signal, noise = mixture(scheduler, step + 1)
    if before is None:
        return lambda: after / (signal**2 + noise**2) ** 0.5
    old_signal, old_noise = mixture(scheduler, step)
    kept = noise / max(old_noise, 1e-6)
    return lambda: (after - kept * before) / (signal - kept * old_signal)


def mixture(scheduler: Any, step: int) -> tuple[float, float]:
    """How much signal and how much noise the latents have before the step of that number."""
    if hasattr(scheduler, "sigmas"):
        sigma = float(scheduler.sigmas[min(step, len(scheduler.sigmas) - 1)])
        if is_flow(scheduler):
            return 1 - sigma, sigma
        # Schedulers of the Euler kind let their latents grow with the noise, the others do not.
        grows = float(scheduler.init_noise_sigma) > 1
        scale = 1.0 if grows else (sigma**2 + 1) ** -0.5
        return scale, sigma * scale
    if step >= len(scheduler.timesteps):
        return 1.0, 0.0
    signal = float(scheduler.alphas_cumprod[int(scheduler.timesteps[step])])
    return signal**0.5, (1 - signal) ** 0.5


def is_flow(scheduler: Any) -> bool:
    """True for flow matching, where a step lies on the straight line from noise to picture."""
    flow = scheduler.config.get("prediction_type") == "flow_prediction"
    return flow or "FlowMatch" in type(scheduler).__name__
