"""What every provider of machines can do. Not for any one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class ProviderError(Exception):
    """A provider refused or cannot be reached; the text is for an operator to read."""


@dataclass(frozen=True)
class Machine:
    """A machine as its provider sees it. `name` is the one we gave it; `failure` says why it will
    never work, or is empty; `cost_per_hour` is None where the provider does not say.
    """

    id: str
    name: str
    failure: str = ""
    cost_per_hour: float | None = None


class Provider(Protocol):
    """Rents machines. Each call may raise ProviderError."""

    def machines(self, prefix: str) -> list[Machine]:
        """Return the machines that there are (starting ones too) whose name starts like this."""

    def start(self, name: str, environment: Mapping[str, str]) -> Machine:
        """Rent one machine that runs a worker with this environment."""

    def stop(self, machine_id: str) -> None:
        """Give a machine back for good; one that is gone already is no error."""
