"""Chat workers: servers of language models that speak the OpenAI protocol (Ollama, vLLM, llama.cpp)
and know nothing of us, so we ask them how they are. And which worker to turn to, of any kind. Not
for talking to a model.
"""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts.tokens import digest
from jobs.models import Job
from ourvidz.errors import Refused
from ourvidz.rows import as_service
from workers import history, services
from workers.models import WorkerUrl
from workers.tokens import new_secret

Status, Kind = WorkerUrl.Status, WorkerUrl.Kind
WAIT_SECONDS = 3.0
AT_ONCE = 8
# What a server says of its models; more is no list of models.
LARGEST_ANSWER = 256 * 1024


@dataclass(frozen=True)
class Health:
    """What a chat worker said: whether it answered, and the models that it has."""

    answered: bool
    models: tuple[str, ...] = ()


def register_chat_worker(
    *, name: str, url: str, models: list[str], now: datetime | None = None
) -> WorkerUrl:
    """Make a chat worker known, or change the one of that name. It is active once it has answered.

    Raises Refused.
    """
    if not name.strip():
        raise Refused("name_empty", field="name")
    values = {"kind": Kind.CHAT, "url": checked_url(url), "presets": models}
    new: dict[str, Any] = {"token_digest": digest(new_secret()), "status": Status.UNHEALTHY}
    new["last_heartbeat_at"] = now or timezone.now()
    with transaction.atomic():
        worker, _created = WorkerUrl.objects.update_or_create(
            name=name.strip(), defaults=values, create_defaults=values | new
        )
        history.record([worker.pk], worker.status, "registered")
    return worker


def update_worker_url(*, name: str, url: str) -> WorkerUrl:
    """Change a worker's address. Raises Refused('not_found' | 'worker_url')."""
    address = checked_url(url) if url else ""
    with transaction.atomic():
        worker = WorkerUrl.objects.select_for_update().filter(name=name).first()
        if worker is None:
            raise Refused("not_found")
        worker.url = address
        worker.save(update_fields=["url"])
    return worker


def active_worker(*, kind: str, preset: str = "") -> WorkerUrl:
    """Return the worker to turn to: one that can do the preset (or any), best with it loaded, then
    the one with the fewest jobs in hand. Raises Refused('worker_missing').
    """
    able = WorkerUrl.objects.alive().filter(kind=kind)
    if preset:
        able = able.filter(Q(presets=[]) | Q(presets__contains=[preset]))
    running = Count("jobs", filter=Q(jobs__status=Job.Status.RUNNING))
    found = list(able.annotate(in_hand=running))
    if not found:
        raise Refused("worker_missing")
    return min(found, key=lambda one: (one.loaded_preset != preset, one.in_hand, random.random()))


def check_all() -> int:
    """Ask every chat worker, side by side and with no transaction open; returns how many answered.

    Those that do not are marked by the sweep of silent workers.
    """
    with as_service("chat workers"):
        chats = WorkerUrl.objects.filter(kind=Kind.CHAT).exclude(status=Status.DISABLED)
        asked = list(chats.exclude(url="").values_list("pk", "url"))
    if not asked:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        heard = list(threads.map(ask, [url for _pk, url in asked]))
    with as_service("chat workers"):
        for (worker_id, _url), health in zip(asked, heard, strict=True):
            if health.answered:
                _note(worker_id, health)
    return sum(health.answered for health in heard)


def ask(url: str) -> Health:
    """Ask one server for its models, with its address as an OpenAI base url. One that goes on and
    on, or drips, has not answered: it must not hold up whoever asks.
    """
    end, body = time.monotonic() + WAIT_SECONDS, b""
    try:
        with httpx.stream("GET", f"{url.rstrip('/')}/models", timeout=WAIT_SECONDS) as answer:
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LARGEST_ANSWER or time.monotonic() > end:
                    return Health(False)
            return Health(answer.is_success, _names(json.loads(body)))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return Health(False)


def checked_url(url: str) -> str:
    """Return an address of a worker. Raises Refused('worker_url')."""
    try:
        parts = urlsplit(url.strip())
        # A port that is none is an error of its own.
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise Refused("worker_url", field="url")
    return url.strip()


def _names(answer: Any) -> tuple[str, ...]:
    listed = answer.get("data") if isinstance(answer, dict) else None
    names = [str(one.get("id", "")) for one in listed or [] if isinstance(one, dict)]
    return tuple(name[:64] for name in names if name)[:64]


def _note(worker_id: Any, health: Health) -> None:
    worker = WorkerUrl.objects.select_for_update().filter(pk=worker_id).first()
    if worker is None or worker.status == Status.DISABLED:
        return
    status = Status.DRAINING if worker.status == Status.DRAINING else Status.ACTIVE
    changed = status != worker.status
    worker.status, worker.last_heartbeat_at = status, timezone.now()
    worker.presets = list(health.models) or worker.presets
    worker.save(update_fields=["status", "last_heartbeat_at", "presets"])
    if changed:
        history.record([worker.pk], status, "answered")
        services.tell(worker.pk)
