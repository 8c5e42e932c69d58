"""What every family of pipelines keeps of a model that is loaded. Not for loading it, and not for
a model that is no pipeline.
"""

from dataclasses import dataclass, field
from typing import Any

import torch

from ..device import Device
from ..previews import LinearMap
from . import _tuning
from ._loras import Loras
from ._memo import Memo


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A pipeline on its device, the map of its previews where it has one, and what is kept between
    jobs: LoRAs already loaded, prompts already read. A family adds what else it needs."""

    pipeline: Any
    linear: LinearMap | None
    loras: Loras
    memo: Memo = field(default_factory=Memo)

    def modules(self) -> dict[str, torch.nn.Module]:
        """What takes memory, by name."""
        return _tuning.modules(self.pipeline)

    def waits(self) -> bool:
        """Whether its weights wait outside the device, and come while they compute: then only one
        thread may compute with them."""
        return self.pipeline in _tuning.WAITING

    def shrink(self, device: Device, step: int) -> bool:
        """Need less memory than before, if that is possible."""
        return _tuning.shrink(self.pipeline, device, step)
