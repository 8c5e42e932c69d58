"""How items are shown: a card for each, in rows of one batch. Not for reading or writing rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from jobs import kept_presets
from jobs.models import ContentType, Job, Preset
from ourvidz import live
from ourvidz.drawn import Part, drawn
from ourvidz.errors import sentence
from ourvidz.numbers import written
from ourvidz.storage import media_path
from workspace.models import WorkspaceItem

FALLBACK_SIDE = 512
SOON = timedelta(days=2)
SHOWN_SETTINGS = ("steps", "guidance")
RELATIONS = {
    "regenerate": _lazy("Made again"),
    "retry": _lazy("Tried again"),
    "remix": _lazy("Started from another"),
    "variation": _lazy("Variation"),
    "upscale": _lazy("Enlarged"),
    "animate": _lazy("Animated"),
    "continue": _lazy("Continued"),
    "edit": _lazy("Changed by words"),
    "inpaint": _lazy("Painted over"),
}
NOT_REUSED = ("width", "height", "variation_seed", "variation_strength")


@dataclass(frozen=True)
class Card:
    """One item with what its job does now. `progress` is {step, of, preview}, or empty."""

    item: WorkspaceItem
    progress: Mapping[str, Any] = field(default_factory=dict)

    @property
    def job_status(self) -> str:
        return self.item.job.status if self.item.job else ""

    @property
    def is_running(self) -> bool:
        return self.job_status == Job.Status.RUNNING

    @property
    def is_waiting(self) -> bool:
        return self.job_status == Job.Status.QUEUED

    @property
    def is_paused(self) -> bool:
        """It waits until its owner resumes it."""
        job = self.item.job
        return job is not None and self.is_waiting and job.paused_at is not None

    @property
    def is_stopping(self) -> bool:
        """It was canceled while it ran, and ends at its next step."""
        job = self.item.job
        return job is not None and self.is_running and job.cancel_requested_at is not None

    @property
    def width(self) -> int:
        return self.item.width or self.item.generation_params.get("width") or FALLBACK_SIDE

    @property
    def height(self) -> int:
        return self.item.height or self.item.generation_params.get("height") or FALLBACK_SIDE

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        of = self.progress.get("of") or 1
        return round(100 * self.progress.get("step", 0) / of)

    @property
    def preview(self) -> str:
        return self.progress.get("preview", "")

    @property
    def place_lines(self) -> list[str]:
        """What a waiting card says until the feed tells its place in the line."""
        return [_("waiting")]

    @property
    def failure(self) -> str:
        """Why it failed, in the reader's language."""
        return sentence(self.item.failure_code, self.item.failure_params)

    @property
    def picture(self) -> str:
        """The url of the picture in the size that a tile needs."""
        return self.item.tile_url

    @property
    def leaves_soon(self) -> bool:
        """Nobody saved it, and the sweep takes it within two days."""
        until = self.item.expires_at
        return until is not None and until - timezone.now() < SOON

    @property
    def download(self) -> str:
        return media_path(self.item.pk, "download", self.item.sha256)


@dataclass(frozen=True)
class Batch:
    """The items of one request, in the order of their seeds."""

    cards: list[Card]
    preset: Preset | None

    @property
    def first(self) -> WorkspaceItem:
        return self.cards[0].item

    @property
    def id(self) -> Any:
        return self.first.batch_id

    @property
    def prompt(self) -> str:
        return self.first.prompt

    @property
    def other_prompts(self) -> int:
        """How many of its items were given other words while they waited."""
        return sum(card.item.prompt != self.prompt for card in self.cards)

    @property
    def acts_on_all(self) -> bool:
        """Several are in it, of which one at least is still to be made."""
        making = any(card.item.status == WorkspaceItem.Status.GENERATING for card in self.cards)
        return making and len(self.cards) > 1

    @property
    def failures(self) -> int:
        """How many of its items failed or were canceled."""
        return sum(card.item.status == WorkspaceItem.Status.FAILED for card in self.cards)

    @property
    def created_at(self) -> Any:
        return self.first.created_at

    @property
    def preset_label(self) -> str:
        return str(self.preset) if self.preset else self.first.model_type or ""

    @property
    def size(self) -> str:
        return f"{self.cards[0].width} × {self.cards[0].height}"

    @property
    def seeds(self) -> str:
        """The seed, or the first and the last of several."""
        seeds = sorted({card.item.seed for card in self.cards if card.item.seed is not None})
        if len(seeds) > 1:
            return _("seeds %(first)s–%(last)s") % {
                "first": seeds[0],
                "last": _ending(seeds[0], seeds[-1]),
            }
        return _("seed %(seed)s") % {"seed": seeds[0]} if seeds else ""

    @property
    def settings(self) -> list[str]:
        """The settings that are worth a chip: those that differ from the preset's defaults."""
        given = self.first.generation_params
        declared = {entry["name"]: entry for entry in self.preset.parameters} if self.preset else {}
        return [
            f"{_(declared[name]['label'])} {written(given[name])}"
            for name in SHOWN_SETTINGS
            if name in declared and name in given and given[name] != declared[name]["default"]
        ]

    @property
    def origin(self) -> str:
        """What the row is to the one it was made from; empty where it was made from words alone."""
        has_parent = self.first.parent_id or self.first.parent_media_id
        return str(RELATIONS.get(self.first.relation, "")) if has_parent else ""

    @property
    def facts(self) -> tuple[Any, ...] | None:
        """What the row's look depends on; None while one of its items is being made."""
        items = [card.item for card in self.cards]
        if any(item.status == WorkspaceItem.Status.GENERATING for item in items):
            return None
        changed = tuple(
            (card.item.pk, card.item.updated_at, card.leaves_soon) for card in self.cards
        )
        return self.id, changed, self.preset_label, tuple(self.settings)

    @cached_property
    def _form(self) -> dict[str, Any]:
        """What the dock's fields are called: see forms.GenerateForm."""
        given = self.first.generation_params
        return {
            "content_type": self.first.content_type,
            "preset": self.first.model_type or "",
            "prompt": self.prompt,
            "count": len(self.cards),
            "shape": f"{self.cards[0].width}x{self.cards[0].height}",
            "references": self._references,
            **{f"p.{name}": value for name, value in given.items() if name not in NOT_REUSED},
        }

    @property
    def _references(self) -> list[dict[str, Any]]:
        """The pictures it started from, as the dock keeps them."""
        began_with = self.first.job.references if self.first.job else []
        kept = ("id", "role", "url", "strength")
        return [
            {name: one[name] for name in kept if one[name] is not None} | {"name": one["title"]}
            for one in began_with
        ]

    @cached_property
    def _seed(self) -> dict[str, Any]:
        return {"seed_kind": "fixed", "seed": self.first.seed}

    @property
    def use_all(self) -> str:
        return json.dumps(self._form | self._seed)

    @property
    def use_remix(self) -> str:
        return json.dumps(self._form | {"seed_kind": "random", "seed": ""})

    @property
    def use_prompt(self) -> str:
        return json.dumps({"prompt": self.prompt})

    @property
    def use_seed(self) -> str:
        return json.dumps(self._seed)


def cards_of(items: Iterable[WorkspaceItem]) -> list[Card]:
    """Return a card for each item, with the progress of those that are being made (one round
    trip).
    """
    items = list(items)
    running = [item.job.pk for item in items if item.job and item.job.status == Job.Status.RUNNING]
    progress = live.progress(running)
    return [Card(item, progress.get(str(item.job_id), {})) for item in items]


def pattern() -> dict[str, str]:
    """Return a made picture's card, for pages to draw one from as soon as its picture is there:
    its `text`, and the `id` and `version` that stand in it for the real ones.
    """
    item = WorkspaceItem(
        pk=uuid.UUID(int=0),
        status=WorkspaceItem.Status.GENERATED,
        content_type=ContentType.IMAGE,
        job=Job(status=Job.Status.SUCCEEDED),
    )
    item.url = media_path(item.pk, "original", "")
    text = drawn("workspace/_item_card.html", [Part({"card": Card(item)}, (item.pk,))])[0]
    return {"text": text, "id": str(item.pk), "version": "?v="}


def batches_of(
    items: Iterable[WorkspaceItem], presets: Iterable[Preset] | None = None
) -> list[Batch]:
    """Return rows for items ordered newest first. Reads the presets unless they are given."""
    known = kept_presets.by_slug().values() if presets is None else presets
    by_slug = {preset.slug: preset for preset in known}
    rows = groupby(cards_of(items), key=lambda card: card.item.batch_id)
    return [_batch(list(cards), by_slug) for _id, cards in rows]


def drawn_rows(batches: Sequence[Batch], near: Container[Any] | None = None) -> list[SafeString]:
    """Return the text of each row; that of finished ones is kept.

    `near` holds the ids of batches that are looked at first: other finished ones come hollow, as
    frames that the page fills once it is painted. Without it all are whole.
    """
    is_hollow = [near is not None and row.id not in near and bool(row.facts) for row in batches]
    pairs = list(zip(batches, is_hollow, strict=True))
    whole = iter(_drawn("workspace/_batch.html", [row for row, is_far in pairs if not is_far]))
    hollow = iter(_drawn("workspace/_batch_hollow.html", [row for row, is_far in pairs if is_far]))
    return [next(hollow) if is_far else next(whole) for is_far in is_hollow]


def _drawn(template: str, batches: Iterable[Batch]) -> list[SafeString]:
    return drawn(template, [Part({"batch": row}, row.facts) for row in batches])


def _ending(first: int, last: int) -> str:
    """Return the digits of `last` that tell it from `first`: 1207–10, 1540327691–94."""
    start, end = str(first), str(last)
    if len(start) != len(end):
        return end
    shared = next(
        (i for i, pair in enumerate(zip(start, end, strict=True)) if len(set(pair)) > 1), 0
    )
    return end[min(shared, len(end) - 2) :] if len(end) > 2 else end


def _batch(cards: list[Card], presets: Mapping[str, Preset]) -> Batch:
    cards.sort(key=lambda card: (card.item.batch_index, card.item.pk))
    return Batch(cards, presets.get(cards[0].item.model_type or ""))
