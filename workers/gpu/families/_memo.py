"""Remembers what a text encoder said of a prompt: a batch of pictures asks the same again and
again. Not for anything that depends on a seed.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

MOST = 32  # prompts: a few megabytes each for the largest encoders


class Memo:
    """The latest answers by key; the oldest are forgotten."""

    def __init__(self) -> None:
        self.known: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of a key, made once."""
        if key not in self.known:
            self.known[key] = make()
        self.known.move_to_end(key)
        while len(self.known) > MOST:
            self.known.popitem(last=False)
        return self.known[key]
