"""What the viewer shows of one picture or video: its settings, its family, its neighbours in the
list it was opened from, and what the workspace needs to make it again. Reads only. Not for acting
on it.

The library knows neither jobs nor the workspace: what makes media again are links and a form that
lead to the workspace's page, with the names of its dock's fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from library.formats import FORMATS
from library.listing import SHOWN, Listing
from library.models import Media, Project
from library.shelves import PROJECTS, nested
from library.tags import tags_of, tags_with_counts
from library.tiles import Tile
from ourvidz.numbers import written
from ourvidz.storage import media_path

STRIP = 6  # neighbours on each side
CHILDREN = 12
# Said by the shape, or of one variation only.
NOT_REUSED = ("width", "height", "variation_seed", "variation_strength")


@dataclass(frozen=True)
class Viewer:
    """One picture or video, opened from a list."""

    media: Media
    listing: Listing

    @property
    def is_binned(self) -> bool:
        return self.media.deleted_at is not None

    @property
    def tile(self) -> Tile:
        return Tile(self.media)

    @property
    def url(self) -> str:
        """The address of this page."""
        return self.url_of(self.media)

    def url_of(self, media: Media) -> str:
        """The address of another picture of the same list."""
        return reverse("library:viewer", args=[media.pk]) + self.listing.viewer_query

    @property
    def back(self) -> str:
        """The list, at this picture."""
        return f"{self.listing.url}#media-{self.media.pk}"

    @property
    def download(self) -> str:
        return media_path(self.media.pk, "download", self.media.sha256)

    @cached_property
    def around(self) -> tuple[list[Media], list[Media]]:
        return self.listing.around(self.media, STRIP)

    @property
    def previous(self) -> str:
        before = self.around[0]
        return self.url_of(before[-1]) if before else ""

    @property
    def next(self) -> str:
        behind = self.around[1]
        return self.url_of(behind[0]) if behind else ""

    @property
    def strip(self) -> list[tuple[Tile, str]]:
        """This one among its neighbours, in the order of the list, each with its address."""
        before, behind = self.around
        row = [*before, self.media, *behind]
        return [(Tile(one), self.url_of(one)) for one in row] if len(row) > 1 else []

    @cached_property
    def family(self) -> dict[str, list[tuple[Tile, str]]]:
        """What this was made from, and what was made from it."""
        mine: Any = Media.objects.for_user(self.listing.user)
        kept = mine.kept().only(*SHOWN)
        parents = kept.filter(pk=self.media.parent_id) if self.media.parent_id else []
        children = kept.filter(parent_id=self.media.pk).newest_first()[:CHILDREN]
        return {
            "parents": [(Tile(one), self._plain_url(one)) for one in parents],
            "children": [(Tile(one), self._plain_url(one)) for one in children],
        }

    @property
    def settings(self) -> str:
        """Steps and guidance on one line, as far as there are any."""
        given = self.media.generation_params
        words = []
        if "steps" in given:
            words.append(str(given["steps"]))
        if "guidance" in given:
            words.append(_("guidance %(value)s") % {"value": written(given["guidance"])})
        return " · ".join(words)

    @property
    def seconds(self) -> float | None:
        """How long it took to make, without waiting in the queue."""
        timings: Mapping[str, Any] = self.media.metadata.get("timings") or {}
        spans = [value for name, value in timings.items() if name != "queue"]
        return sum(spans) if spans else None

    @property
    def file_type(self) -> str:
        return self.media.mime_type.rpartition("/")[2].upper()

    @property
    def projects(self) -> list[dict[str, Any]]:
        """Where it can be moved."""
        mine: Any = Project.objects.for_user(self.listing.user)
        return nested(list(mine.by_name().values("pk", "name", "parent")[:PROJECTS]))

    @cached_property
    def dock(self) -> dict[str, str]:
        """What the workspace's dock is filled with to make it once more, but for the seed."""
        media = self.media
        given = media.generation_params
        values = {"prompt": media.prompt, "preset": media.model_type}
        values["content_type"] = media.content_type
        values |= {f"p.{name}": _text(given[name]) for name in given if name not in NOT_REUSED}
        if media.width and media.height:
            values["shape"] = f"{media.width}x{media.height}"
        return values

    @cached_property
    def references(self) -> list[dict[str, Any]]:
        """The pictures and videos that it was made from, as the dock keeps them."""
        kept: Any = self.media.metadata.get("references") or []
        return [one for one in kept if isinstance(one, dict) and one.get("url")]

    @property
    def tags(self) -> list[str]:
        return tags_of(self.listing.user, self.media.pk)

    @property
    def known_tags(self) -> list[dict[str, Any]]:
        return tags_with_counts(self.listing.user)

    @property
    def formats(self) -> list[tuple[str, str]]:
        """What it can be downloaded as, besides as it is: the format's name and its word."""
        return [(name, kind) for name, (kind, *_rest) in FORMATS.items() if kind != self.file_type]

    @property
    def give(self) -> str:
        """What the workspace's dock takes to start from this one (JSON)."""
        media = self.media
        role = "video" if media.content_type == Media.Kind.VIDEO else "image"
        given = {"id": str(media.pk), "role": role, "url": media.url, "name": media.prompt[:80]}
        return json.dumps({"give": given})

    @property
    def carry_remix(self) -> str:
        return json.dumps(self._carried | {"seed_kind": "random", "seed": ""})

    @property
    def carry_seed(self) -> str:
        return json.dumps({"seed_kind": "fixed", "seed": self.media.seed})

    @property
    def carry_all(self) -> str:
        """Everything the dock needs, references too (JSON)."""
        seed = {} if self.media.seed is None else json.loads(self.carry_seed)
        return json.dumps(self._carried | seed)

    @property
    def _carried(self) -> dict[str, Any]:
        return {**self.dock, "references": self.references}

    @property
    def use_remix(self) -> str:
        return f"{reverse('workspace:home')}?{urlencode(self.dock)}"

    @property
    def use_prompt(self) -> str:
        return f"{reverse('workspace:home')}?{urlencode({'prompt': self.media.prompt})}"

    @property
    def use_settings(self) -> str:
        seed = {} if self.media.seed is None else {"seed": str(self.media.seed)}
        return f"{reverse('workspace:home')}?{urlencode({**self.dock, **seed})}"

    def _plain_url(self, media: Media) -> str:
        return reverse("library:viewer", args=[media.pk])


def _text(value: Any) -> str:
    """Write a value as the dock's field holds it."""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, (list, dict)):
        return json.dumps(value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
