"""A small denoiser's call as a recording (TorchScript), replayed without Python, which on a
processor takes a quarter of its time: the same operations on the same numbers, so the same bytes.
Not for large models, whose operations take so long that Python costs nothing, nor for LoRAs, whose
layers come and go.

torch calls TorchScript deprecated and offers torch.compile instead, which needs a compiler on the
machine and 45 s, and is no faster here. Where torch has it no more, the model just runs.
"""

import logging
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import torch

log = logging.getLogger(__name__)

# A recording takes as long as it saves in ten pictures: only for shapes that come again.
CALLS_BEFORE = 20
MOST_KEPT = 8

Replay = Callable[..., Any]


class Recorded:
    """Stands in for a module's `forward`: as it was, until calls of one shape have come so often
    that a recording pays."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module, self.own = module, module.forward
        self.calls: Counter[Hashable] = Counter()
        self.replays: OrderedDict[Hashable, Replay | None] = OrderedDict()

    def __call__(self, *told: Any, **named: Any) -> Any:
        if getattr(self.module, "peft_config", None):
            return self.own(*told, **named)
        given = [told, named]
        key = shape_of(given)
        self.calls[key] += 1
        if key not in self.replays and self.calls[key] > CALLS_BEFORE:
            self.replays[key] = self.record(given)
            self.forget()
        replay = self.replays.get(key)
        return replay(*tensors_in(given)) if replay else self.own(*told, **named)

    def record(self, given: list[Any]) -> Replay | None:
        """Record one call; None where it cannot be."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call = Call(self.module, self.own, given).eval()
                traced = torch.jit.trace(call, tuple(tensors_in(given)), check_trace=False)
                return torch.jit.freeze(traced)
        except Exception as error:  # the model can do without
            log.warning("%s is not recorded: %s", type(self.module).__name__, error)
            return None

    def forget(self) -> None:
        """Let the oldest recordings go while there are too many."""
        while len(self.replays) > MOST_KEPT:
            key, _ = self.replays.popitem(last=False)
            del self.calls[key]


class Call(torch.nn.Module):
    """A call of a module in which everything but the tensors is settled."""

    def __init__(self, module: torch.nn.Module, own: Replay, given: list[Any]) -> None:
        super().__init__()
        self.module, self.own, self.given = module, own, given

    def forward(self, *tensors: torch.Tensor) -> Any:
        """What the module answers."""
        told, named = filled(self.given, iter(tensors))
        return self.own(*told, **named)


def tensors_in(value: Any) -> list[torch.Tensor]:
    """All tensors in lists, tuples and tables, in their order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [each for part in value for each in tensors_in(part)] if is_many(value) else []


def filled(value: Any, tensors: Iterator[torch.Tensor]) -> Any:
    """The same lists, tuples and tables with other tensors."""
    if isinstance(value, torch.Tensor):
        return next(tensors)
    if isinstance(value, dict):
        return {name: filled(each, tensors) for name, each in value.items()}
    return [filled(each, tensors) for each in value] if is_many(value) else value


def shape_of(value: Any) -> Hashable:
    """Equal for calls that the same recording can answer."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), value.stride(), value.dtype, str(value.device)
    if isinstance(value, dict):
        return tuple((name, shape_of(each)) for name, each in value.items())
    return tuple(map(shape_of, value)) if is_many(value) else repr(value)


def is_many(value: Any) -> bool:
    """Whether this is a list or a tuple."""
    return isinstance(value, (list, tuple))
