"""A person's own line as it is shown: what waits of all sessions and of the library, each with its
place and its times, and how much of the limits is used. Reads only. Not for changing it: see
jobs.own_line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from jobs import kept_presets, limits, places
from jobs.models import Job
from ourvidz.rows import as_service
from ourvidz.words_for_scripts import span, word

SHOWN = 50
MOST_SHOWN = 1000


@dataclass(frozen=True)
class Waiting:
    """One job that waits. `place` is {place, start, seconds}, as far as anybody can say."""

    job: Job
    preset_label: str
    place: Mapping[str, float] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Where its result goes."""
        session = self.job.workspace_session
        return session.shown_name if session else _("Library")

    @property
    def facts(self) -> str:
        """What tells it from others of the same words, and where its result goes."""
        seed = _("seed %(seed)s") % {"seed": self.job.seed}
        return " · ".join((self.preset_label, seed, self.where))

    @property
    def in_line(self) -> str:
        """Its place among everybody's, which paints itself anew with each moment of the feed."""
        if not self.place:
            return _("waiting")
        place = int(self.place["place"])
        return word("next") if place == 1 else word("place", place)

    @property
    def times(self) -> str:
        """When it is expected to start and to be ready."""
        if "start" not in self.place:
            return word("no_worker") if self.place else ""
        start, ready = self.place["start"], self.place["seconds"]
        return f"{span('starts', start)} · {span('ready', ready)}"


def line_context(user: Any, shown: int = 0) -> dict[str, Any]:
    """What the panel shows: at least `shown` of those that wait, in the order in which
    they are made."""
    shown = min(max(shown, SHOWN), MOST_SHOWN)
    waiting = Job.objects.for_user(user).waiting()
    jobs = list(waiting.in_fair_order().select_related("workspace_session")[: shown + 1])
    with as_service("places in the line"):
        told = places.places([user.pk]).get(user.pk, {"places": {}})
    labels = {slug: str(preset) for slug, preset in kept_presets.by_slug().items()}
    return {
        "rows": [
            Waiting(job, labels.get(job.preset_slug, job.preset_slug), _place(told, job))
            for job in jobs[:shown]
        ],
        "shown": shown,
        "behind": jobs[shown] if len(jobs) > shown else None,
        "more": shown + SHOWN if shown < MOST_SHOWN else 0,
        "limits": limits.limits_of(user),
        "used": limits.use_of(user),
    }


def _place(told: Mapping[str, Any], job: Job) -> Mapping[str, float]:
    found: Mapping[str, float] = told["places"].get(str(job.pk), {})
    return {} if job.paused_at else found
