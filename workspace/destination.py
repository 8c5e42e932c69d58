"""The workspace as a place where jobs deliver: a placeholder the moment a job is queued, the result
in its place. Not for what people do with items: see services.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from ourvidz import bulk, feed, storage
from ourvidz.destinations import Failure, Output, Target
from ourvidz.stored import StoredFile
from workspace.models import WorkspaceItem, WorkspaceSession
from workspace.sessions import active_session, expiry, own_session, use_session

Status = WorkspaceItem.Status
# What changes with a job that is changed while it waits.
EDITED = ("prompt", "negative_prompt", "generation_params", "seed", "width", "height")
DELIVERED = (
    *(field.name for field in StoredFile._meta.local_fields),
    "status",
    "metadata",
    "expires_at",
)


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

    def targets(self, jobs: Sequence[Any], extension: str) -> list[Target]:
        kept = WorkspaceItem.objects.filter(job_id__in=[job.pk for job in jobs])
        places = {job_id: ids for job_id, *ids in kept.values_list("job_id", "pk", "session_id")}
        return [_target(job, places.get(job.pk) or _ids(_item(job)), extension) for job in jobs]

    def changed(self, jobs: Sequence[Any]) -> None:
        items = _items(jobs)
        failed = [item for item in items if item.status == Status.FAILED]
        for item in failed:
            item.status, item.failure_code, item.failure_params = Status.GENERATING, "", {}
        bulk.write(failed, ["status", "failure_code", "failure_params"])
        for item, job in zip(items, jobs, strict=True):
            _publish(item, job)

    def edited(self, job: Any) -> None:
        item, wanted = _item(job), _placeholder(job)
        for name in EDITED:
            setattr(item, name, getattr(wanted, name))
        item.save(update_fields=list(EDITED))
        _publish(item, job)

    def deliver(self, made: Sequence[tuple[Any, Output]]) -> None:
        items = _items([job for job, _ in made])
        new = [each for each in zip(items, made, strict=True) if not each[0].has_file]
        for item, (_, output) in new:
            _take(item, output)
        bulk.write([item for item, _ in new], DELIVERED)
        for item, (job, _) in new:
            _publish(item, job)

    def fail(self, job: Any, failure: Failure) -> None:
        item = _item(job)
        item.status = Status.FAILED
        item.failure_code = failure.code
        item.failure_params = failure.params
        item.save(update_fields=["status", "failure_code", "failure_params"])
        _publish(item, job)


def _take(item: WorkspaceItem, output: Output) -> None:
    for name, value in output.columns(item.pk).items():
        setattr(item, name, value)
    item.status = Status.GENERATED
    item.metadata = {**item.metadata, "timings": output.timings}
    item.expires_at = expiry()


def _items(jobs: Sequence[Any]) -> list[WorkspaceItem]:
    """Return the item of each job, locked. One that is gone is made again."""
    kept = WorkspaceItem.objects.filter(job_id__in=[job.pk for job in jobs]).order_by("pk")
    found = {item.job_id: item for item in kept.select_for_update()}
    return [found.get(job.pk) or _made_again(job) for job in jobs]


def _item(job: Any) -> WorkspaceItem:
    return _items([job])[0]


def _made_again(job: Any) -> WorkspaceItem:
    """Make a job's item anew, in a session that exists."""
    if job.workspace_session_id is None:
        job.workspace_session = active_session(job.user)
        job.save(update_fields=["workspace_session"])
    item = _placeholder(job)
    item.save()
    return item


def _ids(item: WorkspaceItem) -> list[uuid.UUID]:
    return [item.pk, item.session_id]


def _target(job: Any, ids: Sequence[uuid.UUID], extension: str) -> Target:
    item_id, session_id = ids
    key = storage.workspace_key(
        job.user_id, session_id, job.content_type, item_id, extension, job.attempt
    )
    return Target(bucket=job.bucket_name, key=key)


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
