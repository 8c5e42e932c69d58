"""Writes to the library: projects, and what becomes of media. Not for how a result gets here: see
destination.py, and the workspace's save.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from library.models import Media, Project
from ourvidz import feed
from ourvidz.errors import Refused

NAME_LIMIT = 120


@transaction.atomic
def create_project(
    *, user: Any, name: str, description: str = "", parent_id: uuid.UUID | None = None
) -> Project:
    """Make a project, in another one or in none. Raises Refused."""
    project = Project.objects.create(
        user=user,
        name=checked_name(name),
        description=description.strip(),
        parent=_parent_for(user, None, parent_id) if parent_id else None,
    )
    feed.publish(user.pk, "project.changed", {"project": project.pk})
    return project


@transaction.atomic
def update_project(
    *,
    user: Any,
    project_id: uuid.UUID,
    name: str | None = None,
    description: str | None = None,
    cover_id: uuid.UUID | None = None,
    parent_id: uuid.UUID | str | None = None,
) -> Project:
    """Change what is given of a project; `parent_id` "" takes it out of its parent. Raises
    Refused.
    """
    project = own_project(user, project_id)
    if name is not None:
        project.name = checked_name(name)
    if description is not None:
        project.description = description.strip()
    if cover_id is not None:
        project.cover = own_media(user, cover_id)
    if parent_id is not None:
        project.parent = _parent_for(user, project, parent_id) if parent_id else None
    project.save()
    feed.publish(user.pk, "project.changed", {"project": project.pk})
    return project


@transaction.atomic
def delete_project(
    *, user: Any, project_id: uuid.UUID, with_media: bool = False, now: datetime | None = None
) -> None:
    """Delete a project. Its media stay in the library, or go to the bin at that same moment; the
    projects in it stay, on their own. It can come back as long as the bin keeps things.
    """
    now = now or timezone.now()
    project = own_project(user, project_id)
    if with_media:
        inside: Any = Media.objects.for_user(user)
        inside.kept().filter(project=project).update(deleted_at=now)
    Project.objects.filter(pk=project.pk).update(deleted_at=now)
    feed.publish(user.pk, "project.removed", {"project": project_id})


@transaction.atomic
def restore_project(*, user: Any, project_id: uuid.UUID) -> Project:
    """Bring back a deleted project, and the media that went with it. Raises Refused."""
    project = Project.objects.for_user(user).filter(pk=project_id).first()
    if project is None:
        raise Refused("project_missing", field="project")
    if project.deleted_at:
        gone: Any = Media.objects.for_user(user)
        gone.filter(project=project, deleted_at=project.deleted_at).update(deleted_at=None)
        project.deleted_at = None
        project.save(update_fields=["deleted_at"])
    feed.publish(user.pk, "project.changed", {"project": project.pk})
    return project


@transaction.atomic
def move_media(
    *, user: Any, media_ids: Sequence[uuid.UUID], project_id: uuid.UUID | None
) -> list[Media]:
    """Put media into a project, or (None) out of any. All of them or none. Raises Refused."""
    project = own_project(user, project_id) if project_id else None
    return _change(user, media_ids, project=project)


@transaction.atomic
def star_media(*, user: Any, media_ids: Sequence[uuid.UUID], starred: bool) -> list[Media]:
    """Star media, or take the star away."""
    return _change(user, media_ids, starred_at=timezone.now() if starred else None)


@transaction.atomic
def rename_media(*, user: Any, media_id: uuid.UUID, title: str) -> Media:
    """Give a picture or video a title; an empty one takes it away."""
    return _change(user, [media_id], title=checked_name(title, may_be_empty=True, limit=200))[0]


@transaction.atomic
def delete_media(
    *, user: Any, media_ids: Sequence[uuid.UUID], now: datetime | None = None
) -> list[Media]:
    """Put media into the bin. Their files stay until the bin is emptied by the sweep."""
    media = own_many(user, media_ids)
    Media.objects.filter(pk__in=[one.pk for one in media]).update(deleted_at=now or timezone.now())
    for one in media:
        feed.publish(user.pk, "media.removed", {"media": one.pk})
    return media


@transaction.atomic
def restore_media(*, user: Any, media_ids: Sequence[uuid.UUID]) -> list[Media]:
    """Take media back out of the bin."""
    return _change(user, media_ids, deleted_at=None)


def own_project(user: Any, project_id: uuid.UUID) -> Project:
    """Return a project of this person's. Raises Refused('project_missing')."""
    mine: Any = Project.objects.for_user(user)
    project: Project | None = mine.kept().filter(pk=project_id).first()
    if project is None:
        raise Refused("project_missing", field="project")
    return project


def own_media(user: Any, media_id: uuid.UUID) -> Media:
    """Return media of this person's. Raises Refused('media_missing')."""
    return own_many(user, [media_id])[0]


def checked_name(
    text: str, *, may_be_empty: bool = False, limit: int = NAME_LIMIT, field: str = "name"
) -> str:
    """Return a name without the white space around it. Raises Refused."""
    name = " ".join(text.replace("\x00", "").split())
    if not name and not may_be_empty:
        raise Refused("name_empty", field=field)
    if len(name) > limit:
        raise Refused("name_too_long", field=field, limit=limit)
    return name


def _parent_for(user: Any, project: Project | None, parent_id: uuid.UUID | str) -> Project:
    """Return the project that another one is put into: nested once, and never in itself."""
    parent = own_project(user, uuid.UUID(str(parent_id)))
    mine: Any = Project.objects.for_user(user)
    holds = project is not None and mine.kept().filter(parent=project).exists()
    if parent == project or holds or (parent.parent and not parent.parent.deleted_at):
        raise Refused("project_depth", field="parent")
    return parent


def own_many(user: Any, media_ids: Sequence[uuid.UUID]) -> list[Media]:
    """Return media of this person's, all that are named. Raises Refused('media_missing')."""
    wanted = set(media_ids)
    found = list(Media.objects.for_user(user).filter(pk__in=wanted))
    if len(found) != len(wanted):
        raise Refused("media_missing")
    return found


def _change(user: Any, media_ids: Sequence[uuid.UUID], **values: Any) -> list[Media]:
    media = own_many(user, media_ids)
    Media.objects.filter(pk__in=[one.pk for one in media]).update(**values)
    for one in media:
        for name, value in values.items():
            setattr(one, name, value)
        feed.publish(user.pk, "media.changed", {"media": one.pk})
    return media
