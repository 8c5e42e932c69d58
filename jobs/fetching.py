"""Fetching models in the background: asked for by an operator, done by the control worker, followed
by every operator's page. Not for the fetch itself: see models_store.py.
"""

from __future__ import annotations

import fcntl
import logging
import time
from typing import Any

import dramatiq
from django.conf import settings
from django.db import transaction

from jobs import models_store
from jobs.models_store import Progress
from ourvidz import feed, live
from ourvidz.errors import Refused, sentence
from ourvidz.rows import as_service

log = logging.getLogger(__name__)

QUEUE, ACTOR = "control", "fetch_model"
# Between two reports; a page paints no more.
PAUSE = 0.5
WAIT_MILLISECONDS = 10_000
WAITING, RUNNING, HERE, FAILED, STOPPED, ABSENT = (
    "waiting",
    "running",
    "here",
    "failed",
    "stopped",
    "absent",
)


def start_fetch(*, slug: str) -> None:
    """Let the control worker fetch a preset's model. Raises Refused where there is nothing to."""
    state = models_store.model_state(slug)
    if state.state == models_store.FETCHING:
        raise Refused("fetch_running", model=state.preset.source)
    if state.state in (models_store.BUILT_IN, models_store.MISSING):
        raise Refused("model_is_folder", folder=state.folder)
    live.take_stop(slug)
    _tell(slug, WAITING, Progress(state.bytes_here, state.preset.size_bytes or 0))
    transaction.on_commit(lambda: _enqueue(slug))


def stop_fetch(*, slug: str) -> None:
    """Ask a fetch to stop; what is here stays for the next one."""
    live.stop_fetch(slug)


def remove_model(*, slug: str) -> int:
    """Delete a fetched model, and tell the operators; returns the bytes. Raises Refused."""
    freed = models_store.remove(slug=slug)
    _tell(slug, ABSENT, Progress(0, 0))
    return freed


def take_turn(slug: str) -> None:
    """Fetch a preset's model, or ask again later.

    One at a time, so that hours of fetching leave the control worker a thread for all the rest.
    """
    settings.MODELS_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.MODELS_DIR / ".fetching").open("w") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(slug)
            return
        run_fetch(slug)


def run_fetch(slug: str) -> None:
    """Fetch a preset's model to its end, whatever that is, and say so; in no transaction."""
    try:
        with as_service("fetch model"):
            preset = models_store.model_state(slug).preset
        reporter = Reporter(slug)
        models_store.fetch_for(preset, report=reporter)
    except Refused as refused:
        stopped = refused.code == "fetch_stopped"
        _fail(slug, STOPPED if stopped else FAILED, refused.code, refused.params)
        return
    except Exception:
        log.exception("The fetch of %s failed", slug)
        _fail(slug, FAILED, "fetch_failed", {})
        return
    except BaseException:
        # The control worker is stopped: the next fetch goes on, and nobody waits for this one.
        _fail(slug, STOPPED, "fetch_stopped", {})
        raise
    with as_service("fetch model"):
        models_store.note_fetched()
    _tell(slug, HERE, reporter.last)


class Reporter:
    """Passes on how far a fetch is, not too often, and stops it when that was asked for."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.said_at = 0.0
        self.last = Progress(0, 0)

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        now = time.monotonic()
        if now - self.said_at < PAUSE:
            return
        self.said_at = now
        if live.take_stop(self.slug):
            raise Refused("fetch_stopped")
        _tell(self.slug, RUNNING, progress)


def _enqueue(slug: str, delay: int | None = None) -> None:
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=QUEUE, actor_name=ACTOR, args=(slug,), kwargs={}, options={}
    )
    dramatiq.get_broker().enqueue(message, delay=delay)


def _wait(slug: str) -> None:
    """Another fetch runs. Saying so again keeps what is known of this one from being forgotten."""
    if live.take_stop(slug):
        _fail(slug, STOPPED, "fetch_stopped", {})
        return
    _tell(slug, WAITING, Progress(0, 0))
    _enqueue(slug, delay=WAIT_MILLISECONDS)


def _fail(slug: str, state: str, code: str, params: dict[str, Any]) -> None:
    _tell(slug, state, Progress(0, 0), {"code": code, "params": params})


def _tell(slug: str, state: str, progress: Progress, failure: dict[str, Any] | None = None) -> None:
    known = {"done": progress.done, "of": progress.of, "file": progress.file}
    live.set_fetch(slug, {"state": state, **known, "failure": failure})
    detail = sentence(failure["code"], failure["params"]) if failure else ""
    feed.staff_moment("fleet.model", model=slug, state=state, **known, detail=detail)
