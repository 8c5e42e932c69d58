"""What diffusers calls after every denoising step: hands the step on with how to make its preview,
and puts back what must not change. Not for what the steps compute.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..previews import LinearMap, preview
from ..progress import Step
from ._estimates import estimate
from ._starting import Repaint

View = Callable[[torch.Tensor], torch.Tensor]


def watching(
    on_step: Callable[[Step], None],
    linear: LinearMap | None,
    view: View = lambda latents: latents,
    repaint: Callable[[], Repaint | None] = lambda: None,
) -> Callable[..., Any]:
    """The callback of one run. `view` makes (1, channels, height, width) of the latents to show."""
    before: list[Any] = [None]

    def after(pipeline: Any, step: int, _: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        latents = tensors["latents"]
        if keeper := repaint():
            latents = tensors["latents"] = keeper.keep(pipeline, step, latents)
        of = pipeline.num_timesteps
        number = len(pipeline.scheduler.timesteps) - of + step
        # Computed later, on the reporting thread.
        guess = estimate(pipeline.scheduler, number, before[0], latents)
        before[0] = latents
        show = (lambda: preview(view(guess()), linear)) if linear else (lambda: None)
        on_step(Step(step + 1, of, show))
        return tensors

    return after


def side_by_side(watchers: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """The callback of a batch: every job's own sees its own latents."""

    def after(pipeline: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        for number, watcher in enumerate(watchers):
            watcher(pipeline, step, time, {"latents": tensors["latents"][number : number + 1]})
        return tensors

    return after
