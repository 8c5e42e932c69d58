"""A preset, people's jobs and a worker that speaks the protocol by hand. The processes that speak
it for real are in test_processes.py."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from accounts.models import User
from jobs.models import Job, Preset
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.rows import as_service, as_user
from tests.factories import Factory
from tests.workers import tiny
from workers.models import WorkerUrl
from workers.services import issue_worker_token


def parameter(name: str, low: float, high: float, step: float, default: float) -> dict[str, Any]:
    """One declared parameter of a preset."""
    kind = "integer" if isinstance(default, int) else "number"
    bounds = {"min": low, "max": high, "step": step, "default": default}
    return {"name": name, "type": kind, "label": name.capitalize(), "group": "size"} | bounds


class PresetFactory(Factory):
    """A preset of 64 pixels and two steps; its folder need not exist."""

    class Meta:
        model = Preset

    slug = "tiny"
    name = "Tiny"
    family = "sdxl"
    source = "/nowhere/tiny"
    licence = "MIT"
    content_type = "image"
    quality = "fast"
    job_type = "sdxl_image_fast"
    bucket_name = "sdxl_image_fast"
    queue = "gpu.image"
    parameters = [
        parameter("width", 8, 512, 8, tiny.SIDE),
        parameter("height", 8, 512, 8, tiny.SIDE),
        parameter("steps", 1, 500, 1, 2),
        parameter("guidance", 0, 20, 0.5, 5.0),
    ]


@dataclass
class Hand:
    """A worker moved by hand: every call of the protocol over Django's test client."""

    name: str
    secret: str
    process: str = ""

    def post(self, call: str, body: Any = None, token: str | None = None) -> Any:
        """Make one call; the response."""
        headers = {"Authorization": f"Bearer {self.secret if token is None else token}"}
        headers |= {"Ourvidz-Process": self.process} if self.process else {}
        return Client(headers=headers).post(
            f"/api/v1/worker/{call}", body or {}, content_type="application/json"
        )

    def claim(self) -> dict[str, Any]:
        """Take a job that is there; its description."""
        response = self.post("claim", {"queues": ["gpu.image", "gpu.video"]})
        assert response.status_code == 200, response.content
        return response.json()["job"]

    def upload(self, job: dict[str, Any], data: bytes) -> Any:
        """Put bytes where the job's file goes; the response."""
        target = job["output"]["upload"]
        path = "/" + target["url"].split("/", 3)[3]
        return Client().put(path, data, content_type=target["headers"]["Content-Type"])

    def succeed(self, job: dict[str, Any], data: bytes, claim: Any = None, **changes: Any) -> Any:
        """Report the job as done with these bytes, and claim with it; the response."""
        return self.post("job-callback", self.success(job, data, claim, **changes))

    def success(
        self, job: dict[str, Any], data: bytes, claim: Any = None, **changes: Any
    ) -> dict[str, Any]:
        """The report of a job that made these bytes."""
        output = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "mime_type": "image/png",
            "width": tiny.SIDE,
            "height": tiny.SIDE,
            "seed": job["seed"],
        }
        which = {"job_id": job["id"], "attempt": job["attempt"]}
        body = {"status": "succeeded", "output": output | changes, "timings": {"denoise": 0.5}}
        return which | body | ({"claim": claim} if claim else {})

    def fail(self, job: dict[str, Any], code: str, retryable: bool = False, **params: str) -> Any:
        """Report the job as failed; the response."""
        error = {"code": code, "params": params, "retryable": retryable}
        return self.callback(job, status="failed", error=error)

    def callback(self, job: dict[str, Any], **body: Any) -> Any:
        """Report how the job ended; the response."""
        return self.post("job-callback", {"job_id": job["id"], "attempt": job["attempt"]} | body)

    def progress(self, job: dict[str, Any], step: int = 1, **more: Any) -> Any:
        """Report a step; the response."""
        body = {"job_id": job["id"], "attempt": job["attempt"], "step": step, "of": 2}
        return self.post("progress", body | more)

    def row(self) -> WorkerUrl:
        """The worker as the registry has it."""
        with as_service("test"):
            return WorkerUrl.objects.get(name=self.name)


@pytest.fixture
def new_hand(database: None) -> Callable[[str], Hand]:
    """Return a function that makes a worker with a token and registers it."""

    def make(name: str) -> Hand:
        with as_service("test"):
            hand = Hand(name, issue_worker_token(name=name))
        queues = ["gpu.image", "gpu.video"]
        response = hand.post("register", {"queues": queues, "device": "cpu"})
        assert response.status_code == 200, response.content
        return hand

    return make


@pytest.fixture
def hand(new_hand: Callable[[str], Hand]) -> Hand:
    """A registered worker."""
    return new_hand("one")


@pytest.fixture
def preset(database: None) -> Preset:
    """A preset whose model is nowhere."""
    return PresetFactory()


@pytest.fixture
def queue(user: User) -> Callable[..., list[Job]]:
    """Return a function that queues jobs as `user`, by default one into the library."""

    def add(**wanted: Any) -> list[Job]:
        spec = {"prompt": "a castle in the snow", "preset": "tiny", "seed": 7} | wanted
        with as_user(user):
            return queue_job(user=user, spec=JobSpec(**spec))

    return add


@pytest.fixture
def fresh() -> Callable[[Job], Job]:
    """Return a function that reads a job again."""

    def read(job: Job) -> Job:
        with as_service("test"):
            return Job.objects.get(pk=job.pk)

    return read


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model, built once a process."""
    return tiny.build(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def png() -> bytes:
    """A picture as a worker would send it."""
    buffer = io.BytesIO()
    Image.new("RGB", (tiny.SIDE, tiny.SIDE), "teal").save(buffer, "PNG")
    return buffer.getvalue()
