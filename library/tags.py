"""Words that people give to media: put on, taken off, singly and in bulk, renamed and removed. Not
for finding by them: see search.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils import timezone

from library.models import Media, MediaTag, Tag
from library.services import checked_name, own_many
from ourvidz import feed
from ourvidz.errors import Refused

TAG_LENGTH = 40
MOST_AT_ONCE = 20
SHOWN = 100


@transaction.atomic
def tag_media(
    *,
    user: Any,
    media_ids: Sequence[uuid.UUID],
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> list[Media]:
    """Put tags on media and take others off. A tag that nothing has any more goes away.

    Raises Refused: media_missing; name_empty, name_too_long, tags_many of the field tags.
    """
    media = own_many(user, media_ids)
    wanted = [_tag(user, name) for name in _names(add)]
    rows = [MediaTag(user=user, media=one, tag=tag) for one in media for tag in wanted]
    MediaTag.objects.bulk_create(rows, ignore_conflicts=True)
    _take_off(user, media, list(_names(remove)))
    # Their own rows do not change, but they do: for the list of what was changed last.
    Media.objects.filter(pk__in=[one.pk for one in media]).update(updated_at=timezone.now())
    for one in media:
        feed.publish(user.pk, "media.changed", {"media": one.pk})
    return media


@transaction.atomic
def set_tags(*, user: Any, media_id: uuid.UUID, names: Iterable[str]) -> None:
    """Let a picture or video have exactly these tags. Raises Refused as tag_media does."""
    wanted = list(_names(names))
    kept = {name.casefold() for name in wanted}
    others = [name for name in tags_of(user, media_id) if name.casefold() not in kept]
    tag_media(user=user, media_ids=[media_id], add=wanted, remove=others)


@transaction.atomic
def rename_tag(*, user: Any, tag_id: uuid.UUID, name: str) -> Tag:
    """Give a tag another name. Raises Refused('tag_missing' | 'tag_taken' | name_…)."""
    tag = own_tag(user, tag_id)
    tag.name = checked_name(name, limit=TAG_LENGTH)
    mine: Any = Tag.objects.for_user(user)
    if mine.filter(name__iexact=tag.name).exclude(pk=tag.pk).exists():
        raise Refused("tag_taken", field="name")
    tag.save(update_fields=["name"])
    feed.publish(user.pk, "library.changed", {})
    return tag


@transaction.atomic
def delete_tag(*, user: Any, tag_id: uuid.UUID) -> None:
    """Remove a tag from all that has it. Raises Refused('tag_missing')."""
    own_tag(user, tag_id).delete()
    feed.publish(user.pk, "library.changed", {})


def own_tag(user: Any, tag_id: uuid.UUID) -> Tag:
    """Return a tag of this person's. Raises Refused('tag_missing')."""
    tag: Tag | None = Tag.objects.for_user(user).filter(pk=tag_id).first()
    if tag is None:
        raise Refused("tag_missing")
    return tag


def tags_of(user: Any, media_id: uuid.UUID) -> list[str]:
    """Return the names of the tags of one picture or video, in their order."""
    mine: Any = Tag.objects.for_user(user)
    found = mine.filter(uses__media=media_id).order_by(Lower("name"))
    return list(found.values_list("name", flat=True))


def tags_with_counts(user: Any) -> list[dict[str, Any]]:
    """Return a person's tags, each with its pk, its name and `media_count`, by name."""
    mine: Any = Tag.objects.for_user(user)
    kept = Count("uses", filter=Q(uses__media__deleted_at=None))
    return list(
        mine.values("pk", "name").annotate(media_count=kept).order_by(Lower("name"))[:SHOWN]
    )


def _names(given: Iterable[str]) -> Iterable[str]:
    names = {name.casefold(): name for text in given if (name := " ".join(text.split()))}
    if len(names) > MOST_AT_ONCE:
        raise Refused("tags_many", field="tags", limit=MOST_AT_ONCE)
    return [checked_name(name, limit=TAG_LENGTH, field="tags") for name in names.values()]


def _tag(user: Any, name: str) -> Tag:
    """Return the tag of this name, however it is written; a new one where there is none."""
    mine: Any = Tag.objects.for_user(user)
    found: Tag | None = mine.filter(name__iexact=name).first()
    return found or Tag.objects.create(user=user, name=name)


def _take_off(user: Any, media: Sequence[Media], names: Sequence[str]) -> None:
    if not names:
        return
    named = Q()
    for name in names:
        named |= Q(name__iexact=name)
    mine: Any = Tag.objects.for_user(user)
    tags = list(mine.filter(named))
    MediaTag.objects.for_user(user).filter(tag__in=tags, media__in=media).delete()
    mine.filter(pk__in=[tag.pk for tag in tags], uses=None).delete()
