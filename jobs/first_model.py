"""What an installation that has only its starter models is offered first: the smallest real model
for pictures that everybody may use, if the hub can be reached. Not for fetching it.
"""

from __future__ import annotations

import httpx2
from django.conf import settings
from django.core.cache import cache

from jobs import models_store
from jobs.models import ContentType, Preset
from jobs.models_store import ModelState

REACHED_SECONDS, AWAY_SECONDS = 3600, 600  # how long it is believed
WAIT_SECONDS = 2.0


def first_model() -> ModelState | None:
    """Return the model to offer, or None where there is a real one or no way to it."""
    real = Preset.objects.filter(content_type=ContentType.IMAGE, is_enabled=True).exclude(
        source__startswith="starter/"
    )
    states = models_store.model_states(list(real.order_by("sort_order", "slug")))
    if any(state.state not in (models_store.ABSENT, models_store.MISSING) for state in states):
        return None
    free = [
        state
        for state in states
        if state.can_be_fetched and state.preset.commercial and not state.preset.gated
    ]
    smallest = min(free, key=lambda state: state.preset.size_bytes or 0, default=None)
    return smallest if smallest and hub_answers() else None


def hub_answers() -> bool:
    """Return whether the hub can be reached from here; asked once in a while."""
    key = f"hub-answers:{settings.HF_ENDPOINT}"
    known = cache.get(key)
    if known is None:
        known = _ask()
        cache.set(key, known, REACHED_SECONDS if known else AWAY_SECONDS)
    return bool(known)


def _ask() -> bool:
    try:
        httpx2.head(settings.HF_ENDPOINT, timeout=WAIT_SECONDS)
    except httpx2.HTTPError:
        return False
    return True
