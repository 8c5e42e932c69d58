"""Writes to sessions: made, named, switched to, cleared, and made again where one is gone. Not for
single items.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jobs.services import cancel_job
from library.services import checked_name
from ourvidz import feed
from ourvidz.errors import Refused
from workspace import presence
from workspace.models import SESSION_NAME, WorkspaceItem, WorkspaceSession

CLEARED_AT = "cleared_at"
CLEANED = "cleaned"
TOUCHED_EVERY = timedelta(days=1)


@transaction.atomic
def create_workspace_session(*, user: Any, session_name: str = SESSION_NAME) -> WorkspaceSession:
    """Make a session and switch to it. The seed's function of the same name. Raises Refused."""
    session = WorkspaceSession.objects.create(
        user=user, session_name=_checked(session_name or SESSION_NAME), expires_at=expiry()
    )
    _switch(user, session)
    return session


@transaction.atomic
def rename_session(*, user: Any, session_id: uuid.UUID, session_name: str) -> WorkspaceSession:
    """Give a session another name. Raises Refused."""
    session = own_session(user, session_id)
    session.session_name = _checked(session_name)
    session.save(update_fields=["session_name"])
    _publish(session)
    return session


@transaction.atomic
def activate_session(*, user: Any, session_id: uuid.UUID) -> WorkspaceSession:
    """Switch to a session. Raises Refused('session_missing')."""
    session = own_session(user, session_id)
    _switch(user, session)
    return session


@transaction.atomic
def clear_workspace_session(
    *, user: Any, session_id: uuid.UUID, now: datetime | None = None
) -> bool:
    """Empty a session: what waits or runs is canceled, items go to the bin, saved media stay.

    The seed's function of the same name. Returns True. Raises Refused('session_missing').
    """
    session = own_session(user, session_id)
    now = now or timezone.now()
    items = session.items.present()  # type: ignore[attr-defined]
    busy = items.filter(status=WorkspaceItem.Status.GENERATING, job__isnull=False)
    # In the order in which a report locks them.
    for job_id in busy.order_by("job_id").values_list("job_id", flat=True):
        cancel_job(user=user, job_id=job_id)
    # From now on the bin's days count, not the workspace's.
    items.update(deleted_at=now, expires_at=None)
    session.metadata = {**session.metadata, CLEARED_AT: now.isoformat()}
    session.save(update_fields=["metadata"])
    feed.publish(user.pk, "session.cleared", {"session": session.pk})
    return True


@transaction.atomic
def restore_session(*, user: Any, session_id: uuid.UUID) -> int:
    """Take back the latest clearing of a session, or its deletion; returns how many items are
    there again. Raises Refused('session_missing').
    """
    session = WorkspaceSession.objects.for_user(user).filter(pk=session_id).first()
    if session is None:
        raise Refused("session_missing", field="session")
    count = _bring_back(session, session.metadata.get(CLEARED_AT))
    session.metadata = {k: v for k, v in session.metadata.items() if k != CLEARED_AT}
    session.deleted_at = None
    session.save(update_fields=["metadata", "deleted_at"])
    _publish(session)
    return count


@transaction.atomic
def delete_session(*, user: Any, session_id: uuid.UUID) -> None:
    """Put a session with its items into the bin; saved media stay."""
    clear_workspace_session(user=user, session_id=session_id)
    WorkspaceSession.objects.for_user(user).filter(pk=session_id).update(
        deleted_at=timezone.now(), is_active=False
    )
    feed.publish(user.pk, "session.removed", {"session": session_id})


def _bring_back(session: WorkspaceSession, cleared_at: str | None) -> int:
    if not cleared_at:
        return 0
    cleared = datetime.fromisoformat(cleared_at)
    items: Any = WorkspaceItem.objects.for_user(session.user_id)
    found = items.filter(session=session, deleted_at=cleared)
    found.filter(media=None).update(expires_at=expiry())
    return found.update(deleted_at=None)


@transaction.atomic
def stay_in_session(*, user: Any, session_id: uuid.UUID, stay: str) -> None:
    """A tab has the session open: it is active, unless the person went on to another one.

    One that is gone meanwhile is no error, here and in `leave_session`: nobody waits for an answer.
    """
    mine = WorkspaceSession.objects.for_user(user).present()
    session = mine.select_for_update().filter(pk=session_id).first()
    if session is None or not presence.come(session_id, stay) or session.is_active:
        return
    if not mine.filter(is_active=True).exists():
        mine.filter(pk=session_id).update(is_active=True)


@transaction.atomic
def leave_session(*, user: Any, session_id: uuid.UUID, stay: str) -> None:
    """Mark a session as idle when its last tab was closed. It stays the one to come back to.

    Of several tabs that come and go at once, each waits for the row: the last word counts.
    """
    found = WorkspaceSession.objects.for_user(user).present().select_for_update()
    session = found.filter(pk=session_id).first()
    if session and presence.go(session_id, stay) and session.is_active:
        WorkspaceSession.objects.filter(pk=session_id).update(is_active=False)


def note_cleaned(session_id: uuid.UUID, now: datetime) -> None:
    """Remember that the sweep removed an item that nobody saved, so that the page can say so."""
    session = WorkspaceSession.objects.filter(pk=session_id).first()
    if session is None:
        return
    before = session.metadata.get(CLEANED) or {"count": 0}
    cleaned = {"count": before["count"] + 1, "at": now.isoformat()}
    session.metadata = {**session.metadata, CLEANED: cleaned}
    session.save(update_fields=["metadata"])


@transaction.atomic
def forget_cleaned(*, user: Any, session_id: uuid.UUID) -> None:
    """The notice was read. Raises Refused('session_missing')."""
    session = own_session(user, session_id)
    session.metadata = {k: v for k, v in session.metadata.items() if k != CLEANED}
    session.save(update_fields=["metadata"])


def use_session(session: WorkspaceSession) -> None:
    """The session is used: what is unsaved in it stays for the whole time again.

    Its items are touched once a day at most, since every change of a row draws it anew.
    """
    until, known = expiry(), session.expires_at
    if known and until - known < TOUCHED_EVERY:
        return
    WorkspaceSession.objects.filter(pk=session.pk).update(expires_at=until)
    session.expires_at = until
    items: Any = WorkspaceItem.objects.for_user(session.user_id).present().unsaved()
    # In the order in which results that arrive at this moment lock them.
    theirs = items.filter(session=session).order_by("pk").select_for_update()
    items.filter(pk__in=list(theirs.values_list("pk", flat=True))).update(expires_at=until)


def active_session(user: Any) -> WorkspaceSession:
    """Return the session that a person is in; the latest one, or a new one, where there is none."""
    session = WorkspaceSession.objects.for_user(user).present().last_used_first().first()
    return session or create_workspace_session(user=user)


def own_session(user: Any, session_id: uuid.UUID | None) -> WorkspaceSession:
    """Return a session of this person's. Raises Refused('session_missing')."""
    session = WorkspaceSession.objects.for_user(user).present().filter(pk=session_id).first()
    if session is None:
        raise Refused("session_missing", field="session")
    return session


def session_again(*, user: Any, session_id: uuid.UUID | None) -> WorkspaceSession:
    """Return a session of this person's, or a new one of the same name where it was deleted.

    Raises Refused('session_missing') for one that was never theirs.
    """
    session = WorkspaceSession.objects.for_user(user).filter(pk=session_id).first()
    if session is None:
        raise Refused("session_missing", field="session")
    if session.deleted_at is None:
        return session
    return create_workspace_session(user=user, session_name=session.session_name)


def _switch(user: Any, session: WorkspaceSession) -> None:
    use_session(session)
    others = WorkspaceSession.objects.for_user(user).exclude(pk=session.pk)
    others.filter(is_active=True).update(is_active=False)
    session.is_active = True
    session.save(update_fields=["is_active"])
    _publish(session)


def _publish(session: WorkspaceSession) -> None:
    feed.publish(
        session.user_id,
        "session.changed",
        {"session": session.pk},
        name=session.session_name,
        active=session.is_active,
    )


def _checked(text: str) -> str:
    return checked_name(text, field="session_name")


def expiry() -> datetime:
    """Return until when a session or an item that is used now is kept."""
    return timezone.now() + timedelta(days=settings.WORKSPACE_ITEM_DAYS)
