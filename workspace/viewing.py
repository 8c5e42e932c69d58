"""All that is known of one item, for the viewer: how it was made, what it was made from and what
was made from it. Reads only. Not for tiles: see cards.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from jobs import kept_presets
from library.models import Media
from ourvidz.numbers import written
from workspace.cards import Batch, Card
from workspace.models import WorkspaceItem

CHILDREN = 12
SHOWN_ELSEWHERE = ("width", "height", "negative_prompt", "variation_seed")


class Details:
    """One item with its settings and its family."""

    def __init__(self, item: WorkspaceItem) -> None:
        self.item = item
        self.card = Card(item)
        self.preset = kept_presets.preset_of(item.model_type)
        self.batch = Batch([self.card], self.preset)

    @property
    def settings(self) -> Iterator[tuple[str, str]]:
        """Label and value of every setting that it was made with, in the preset's order."""
        given = self.item.generation_params
        for entry in self.preset.parameters if self.preset else []:
            value = given.get(entry["name"])
            if entry["name"] not in SHOWN_ELSEWHERE and value not in (None, "", [], 0):
                yield _(entry["label"]), _text(value)

    @property
    def seconds(self) -> float | None:
        """How long it took to make, without waiting in the queue."""
        timings = self.item.metadata.get("timings") or {}
        spans = [value for name, value in timings.items() if name != "queue"]
        return sum(spans) if spans else None

    @property
    def file_type(self) -> str:
        return self.item.mime_type.rpartition("/")[2].upper()

    @cached_property
    def parents(self) -> list[WorkspaceItem | Media]:
        """What it was made from, as far as it is still there."""
        items = self._present().filter(pk=self.item.parent_id)
        media: Any = Media.objects.for_user(self.item.user_id).kept()
        return [*items, *media.filter(pk=self.item.parent_media_id)]

    @cached_property
    def children(self) -> list[WorkspaceItem]:
        """The newest of what was made from it."""
        return list(self._present().filter(parent_id=self.item.pk).newest_first()[:CHILDREN])

    def _present(self) -> Any:
        mine: Any = WorkspaceItem.objects.for_user(self.item.user_id)
        return mine.present().exclude(url="")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes")
    if isinstance(value, list):
        return ", ".join(f"{one['source']} × {written(float(one['weight']))}" for one in value)
    return written(value)
