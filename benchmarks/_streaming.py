"""A worker that keeps many jobs running at once and streams previews of all of them, until it is
told to finish one after the other. Not for making anything: the pictures are drawn before.
"""

from __future__ import annotations

import base64
import io
import threading
from typing import Any

STEPS, EVERY = 400, 1.0  # seconds between two previews of one job


class Stream:
    """Queues `count` jobs of a person's and runs `running` of them; a context manager."""

    def __init__(self, site: Any, user: Any, count: int, running: int) -> None:
        from jobs.presets import sync_presets
        from ourvidz import rows
        from tests.browser.hand import Hand

        with rows.as_service("benchmark"):
            sync_presets()
        self.hand = Hand(site, "streaming")
        queue(user, count)
        self.jobs = [self.hand.take() for _ in range(running)]
        self.waiting = count - running
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._stream, daemon=True)

    def __enter__(self) -> Stream:
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.thread.join()

    def finish_one(self) -> None:
        """Deliver a job that runs, and take one of those that wait."""
        if not self.jobs:
            return
        job = self.jobs.pop(0)
        self.hand.deliver(job)
        if self.waiting:
            self.waiting -= 1
            self.jobs.append(self.hand.take())

    def _stream(self) -> None:
        """Send a preview of each job in turn, each of them once in a while."""
        previews, step = drawn(), 0
        while not self.over.is_set():
            running = list(self.jobs)
            for number, job in enumerate(running):
                if job in self.jobs:
                    self._step(job, step, previews[(step + number) % len(previews)])
                self.over.wait(EVERY / max(len(running), 1))
            step += 1
            self.over.wait(0.01)

    def _step(self, job: dict[str, Any], step: int, preview: str) -> None:
        body = {"job_id": job["id"], "attempt": job["attempt"], "step": min(step, STEPS)}
        # One that was delivered meanwhile is refused, which is as it should be.
        self.hand.http.post("progress", json={**body, "of": STEPS, "preview": preview})


def queue(user: Any, count: int) -> None:
    """Queue jobs for the session that the person is in, ten a batch."""
    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz import rows

    for first in range(0, count, 10):
        spec = JobSpec(
            prompt=f"a castle in the snow, {first}",
            preset="starter-fast",
            count=min(10, count - first),
            destination="workspace",
        )
        with rows.as_user(user):
            queue_job(user=user, spec=spec)


def drawn() -> list[str]:
    """Return previews as workers send them: 64 pixels wide, WebP, base64."""
    from PIL import Image

    found = []
    for turn in range(8):
        file = io.BytesIO()
        image = Image.effect_mandelbrot((64, 64), (-2 + turn / 9, -1.5, 1, 1.5), 60)
        image.convert("RGB").save(file, "WEBP")
        found.append(base64.b64encode(file.getvalue()).decode())
    return found
