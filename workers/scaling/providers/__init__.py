"""Who rents machines: one module a provider, found by its name in a pool.

Not for deciding when.
"""

from __future__ import annotations

from workers.models import WorkerPool
from workers.scaling.providers import local, runpod
from workers.scaling.providers.base import Machine, Provider, ProviderError

__all__ = ["Machine", "Provider", "ProviderError", "of"]


def of(pool: WorkerPool) -> Provider | None:
    """Return the provider of a pool, or None where somebody else counts (Kubernetes).

    Raises ProviderError with a sentence where its settings lack something.
    """
    match pool.provider:
        case WorkerPool.Provider.LOCAL:
            return local.LocalProcesses()
        case WorkerPool.Provider.RUNPOD:
            return runpod.RunPod.of(pool.settings)
    return None
