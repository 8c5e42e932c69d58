"""Machines of RunPod, by its REST API v2 (https://docs.runpod.io/api-reference-v2): a pod with one
GPU is a worker. Its Python client speaks an older API and brings a web framework along; three calls
do not need it. Not for RunPod's serverless endpoints, which have a queue of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from django.conf import settings

from workers.scaling.providers.base import Machine, ProviderError

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
NOT_FOUND = 404
# What a pod that is not worth keeping says of itself.
FAILED, OVER = ("ERROR", "EXITED"), ("TERMINATED",)
DISK_GB = 40


@dataclass(frozen=True)
class RunPod:
    """One kind of pod, by a pool's settings."""

    image: str
    gpu: str
    cloud: str = "SECURE"
    disk: int = DISK_GB
    registry: str | None = None
    data_centers: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, chosen: Mapping[str, Any]) -> Self:
        """Read a pool's settings. Raises ProviderError where something is missing or unknown."""
        known = set(cls.__dataclass_fields__)
        if unknown := sorted(set(chosen) - known):
            raise ProviderError(f"The pool's settings name {', '.join(unknown)}, unknown here.")
        if missing := [name for name in ("image", "gpu") if not chosen.get(name)]:
            raise ProviderError(f"The pool's settings lack {' and '.join(missing)}.")
        if not settings.RUNPOD_API_KEY:
            raise ProviderError("Set RUNPOD_API_KEY, a key that may start and stop pods.")
        return cls(**chosen)

    def machines(self, prefix: str) -> list[Machine]:
        """Return the pods of that name that are not terminated."""
        pods = self._call("GET", "/pods").json()["pods"]
        ours = [pod for pod in pods if str(pod.get("name", "")).startswith(prefix)]
        return [_machine(pod) for pod in ours if pod["status"] not in OVER]

    def start(self, name: str, environment: Mapping[str, str]) -> Machine:
        """Create one pod."""
        body = {
            "name": name,
            "image": self.image,
            "gpu": {"id": self.gpu, "count": 1},
            "cloud": self.cloud,
            "disk": self.disk,
            "env": dict(environment),
        }
        if self.registry:
            body["registry"] = self.registry
        if self.data_centers:
            body["dataCenterIds"] = self.data_centers
        return _machine(self._call("POST", "/pods", json=body).json())

    def stop(self, machine_id: str) -> None:
        """Terminate a pod, with its disk."""
        self._call("DELETE", f"/pods/{machine_id}", missing_is_fine=True)

    def _call(
        self, method: str, path: str, missing_is_fine: bool = False, **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {settings.RUNPOD_API_KEY}"}
        url = f"{settings.RUNPOD_API_URL.rstrip('/')}{path}"
        try:
            response = httpx.request(method, url, headers=headers, timeout=TIMEOUT, **options)
        except httpx.HTTPError as error:
            raise ProviderError(f"RunPod cannot be reached: {error}") from error
        if response.is_success or (missing_is_fine and response.status_code == NOT_FOUND):
            return response
        raise ProviderError(_refusal(response))


def _machine(pod: Mapping[str, Any]) -> Machine:
    status = pod["status"]
    failure = f"RunPod says {status.lower()}." if status in FAILED else ""
    return Machine(pod["id"], pod["name"], failure, pod.get("cost"))


def _refusal(response: httpx.Response) -> str:
    """Return what the answer says: it is a problem in the words of RFC 9457, mostly."""
    try:
        problem = response.json()
        detail = "; ".join([problem["detail"], *problem.get("errors", [])])
    except (ValueError, KeyError, TypeError):
        detail = response.reason_phrase
    return f"RunPod answered {response.status_code}: {detail}"
