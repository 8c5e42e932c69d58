"""A GPU worker moved by hand, over real HTTP: takes a job, reports steps, delivers, fails. So a
test sees the page in every state, without waiting for a model. The process that does it by itself
is used in test_starter.py."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import httpx
from PIL import Image, ImageDraw, ImageFilter

from ourvidz.rows import as_service
from tests.site import LiveSite, wait_until
from workers.services import issue_worker_token

SKY, GROUND, SUN = (84, 160, 240), (92, 168, 74), (255, 214, 90)


class Hand:
    """A registered worker on the site."""

    def __init__(self, site: LiveSite, name: str = "hand") -> None:
        with as_service("test worker"):
            secret = issue_worker_token(name=name)
        self.site = site
        self.http = httpx.Client(
            base_url=f"{site.url}/api/v1/worker/",
            headers={"Authorization": f"Bearer {secret}"},
            timeout=30,
        )
        self.call("register", kind="gpu", queues=["gpu.image"], presets=[])

    def call(self, name: str, **body: Any) -> httpx.Response:
        """Make one call of the protocol."""
        response = self.http.post(name, json=body)
        assert response.is_success, response.text
        return response

    def take(self) -> dict[str, Any]:
        """Claim the next job, as soon as there is one."""
        taken: list[dict[str, Any]] = []

        def claimed() -> bool:
            response = self.call("claim", queues=["gpu.image"], presets=[])
            if response.status_code == 200:
                taken.append(response.json()["job"])
            return bool(taken)

        wait_until(claimed, 10, "a job to claim")
        return taken[0]

    def step(self, job: dict[str, Any], step: int, of: int = 10) -> bool:
        """Report a step with a preview; returns whether the job is to be canceled."""
        blurred = picture(job).filter(ImageFilter.GaussianBlur(12 - step)).resize((64, 64))
        preview = base64.b64encode(_encoded(blurred, "WEBP")).decode()
        body = {"job_id": job["id"], "attempt": job["attempt"], "step": step, "of": of}
        return self.call("progress", **body, preview=preview).json()["cancel"]

    def deliver(self, job: dict[str, Any], made: Image.Image | None = None) -> None:
        """Upload a picture, a drawn one unless given, and report the job as done."""
        self.call("job-callback", **self.done(job, made))

    def deliver_all(self, jobs: list[dict[str, Any]]) -> None:
        """Upload a picture of each, and report all of them at once."""
        first, *others = [self.done(job) for job in jobs]
        self.call("job-callback", **first, also=others)

    def done(self, job: dict[str, Any], made: Image.Image | None = None) -> dict[str, Any]:
        """Upload a picture; the report of it."""
        made = made or picture(job)
        data = _encoded(made, "PNG" if job["output"]["extension"] == "png" else "WEBP")
        self._upload(job["output"]["upload"], data)
        if small := job["output"].get("thumbnail_upload"):
            self._upload(small, _encoded(made, "WEBP"))
        output = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "mime_type": job["output"]["mime_type"],
            "width": made.width,
            "height": made.height,
            "seed": job["seed"],
        }
        which = {"job_id": job["id"], "attempt": job["attempt"]}
        return which | {"status": "succeeded", "output": output}

    def cancel(self, job: dict[str, Any]) -> None:
        """Report that the job was stopped as wished."""
        self._end(job, status="canceled")

    def fail(self, job: dict[str, Any], code: str) -> None:
        """Report that the job failed for good."""
        self._end(job, status="failed", error={"code": code, "params": {}, "retryable": False})

    def _end(self, job: dict[str, Any], **body: Any) -> None:
        self.call("job-callback", job_id=job["id"], attempt=job["attempt"], **body)

    def _upload(self, target: dict[str, Any], data: bytes) -> None:
        url = httpx.URL(self.site.url).join(target["url"])
        response = httpx.request(target["method"], url, headers=target["headers"], content=data)
        assert response.is_success, response.text


def picture(job: dict[str, Any]) -> Image.Image:
    """Draw a meadow with a sun whose place depends on the seed."""
    width, height = job["parameters"]["width"], job["parameters"]["height"]
    made = Image.new("RGB", (width, height), SKY)
    draw = ImageDraw.Draw(made)
    left = 16 + job["seed"] * 37 % (width - 80)
    draw.ellipse((left, 24, left + 48, 72), fill=SUN)
    draw.rectangle((0, height * 3 // 4, width, height), fill=GROUND)
    return made


def _encoded(made: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer, form)
    return buffer.getvalue()
