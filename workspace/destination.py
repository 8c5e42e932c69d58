"""The workspace as a place where jobs deliver: a placeholder the moment a job is queued, the result
in its place. Not for what people do with items: see services.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from ourvidz import feed, storage
from ourvidz.destinations import Failure, Output, Target
from workspace.models import WorkspaceItem, WorkspaceSession
from workspace.sessions import active_session, expiry, own_session, use_session

Status = WorkspaceItem.Status
# What changes with a job that is changed while it waits.
EDITED = ("prompt", "negative_prompt", "generation_params", "seed", "width", "height")


class WorkspaceDestination:
    """Keeps one item for each job."""

    name = "workspace"

    def room(self, user: Any, wanted: uuid.UUID | None) -> dict[str, Any]:
        session = own_session(user, wanted) if wanted else active_session(user)
        return {"workspace_session": session}

    def prepare(self, jobs: Sequence[Any]) -> None:
        items = WorkspaceItem.objects.bulk_create(_placeholder(job) for job in jobs)
        first = jobs[0]
        # The session was used: it moves to the front, and so does its end.
        use_session(first.workspace_session)
        room = WorkspaceSession.objects.filter(pk=first.workspace_session_id)
        room.update(expires_at=expiry(), is_active=True)
        ids = {
            "session": first.workspace_session_id,
            "batch": first.batch_id,
            "items": [item.pk for item in items],
        }
        feed.publish(first.user_id, "items.created", ids)

    def target(self, job: Any, extension: str) -> Target:
        rows = WorkspaceItem.objects.filter(job_id=job.pk).values_list("pk", "session_id")
        item_id, session_id = rows.first() or _ids(_item(job))
        key = storage.workspace_key(
            job.user_id, session_id, job.content_type, item_id, extension, job.attempt
        )
        return Target(bucket=job.bucket_name, key=key)

    def changed(self, job: Any) -> None:
        item = _item(job)
        if item.status == Status.FAILED:
            item.status, item.failure_code, item.failure_params = Status.GENERATING, "", {}
            item.save(update_fields=["status", "failure_code", "failure_params"])
        _publish(item, job)

    def edited(self, job: Any) -> None:
        item, wanted = _item(job), _placeholder(job)
        for name in EDITED:
            setattr(item, name, getattr(wanted, name))
        item.save(update_fields=list(EDITED))
        _publish(item, job)

    def deliver(self, job: Any, output: Output) -> None:
        item = _item(job)
        if item.has_file:
            return
        changes = {
            **output.columns(item.pk),
            "status": Status.GENERATED,
            "metadata": {**item.metadata, "timings": output.timings},
            "expires_at": expiry(),
        }
        for name, value in changes.items():
            setattr(item, name, value)
        item.save(update_fields=list(changes))
        _publish(item, job)

    def fail(self, job: Any, failure: Failure) -> None:
        item = _item(job)
        item.status = Status.FAILED
        item.failure_code = failure.code
        item.failure_params = failure.params
        item.save(update_fields=["status", "failure_code", "failure_params"])
        _publish(item, job)


def _item(job: Any) -> WorkspaceItem:
    """Return the job's item, locked. One that is gone is made again, in a session that exists."""
    item = WorkspaceItem.objects.select_for_update().filter(job_id=job.pk).first()
    if item is not None:
        return item
    if job.workspace_session_id is None:
        job.workspace_session = active_session(job.user)
        job.save(update_fields=["workspace_session"])
    item = _placeholder(job)
    item.save()
    return item


def _ids(item: WorkspaceItem) -> tuple[uuid.UUID, uuid.UUID]:
    return item.pk, item.session_id


def _placeholder(job: Any) -> WorkspaceItem:
    first = job.references[0] if job.references else {}
    return WorkspaceItem(
        session_id=job.workspace_session_id,
        user_id=job.user_id,
        job=job,
        batch_id=job.batch_id,
        batch_index=job.batch_index,
        parent_id=job.parent_id if job.parent_kind == "item" else None,
        parent_media_id=job.parent_id if job.parent_kind == "media" else None,
        relation=job.relation,
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        content_type=job.content_type,
        model_type=job.preset_slug,
        quality=job.quality,
        generation_params=job.parameters,
        seed=job.seed,
        width=_side(job, first, "width"),
        height=_side(job, first, "height"),
        reference_image_url=first.get("url"),
        reference_strength=first.get("strength"),
        bucket_name=job.bucket_name,
        status=Status.GENERATING,
        expires_at=expiry(),
    )


def _side(job: Any, first: dict[str, Any], name: str) -> int | None:
    """How wide or high the result will be: as asked for, or as what it starts from, enlarged."""
    if asked := job.parameters.get(name):
        return int(asked)
    scale = job.parameters.get("scale") or 1
    return first[name] * scale if first.get(name) else None


def _publish(item: WorkspaceItem, job: Any) -> None:
    ids = {"item": item.pk, "session": item.session_id}
    fields = {"status": item.status, "job_status": job.status}
    if item.has_file:
        fields["picture"] = item.tile_url
    feed.publish(item.user_id, "item.changed", ids, **fields)
