"""The library as a place where jobs deliver: the seed's traditional flow, without a workspace. Not
for saving an item of the workspace: that moves a file that is there already.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from library.models import Media
from library.services import own_project
from ourvidz import feed, storage
from ourvidz.destinations import Failure, Output, Target


class LibraryDestination:
    """Writes a job's result straight into `media`."""

    name = "library"

    def room(self, user: Any, wanted: uuid.UUID | None) -> dict[str, Any]:
        return {"project_id": own_project(user, wanted).pk} if wanted else {}

    def prepare(self, jobs: Sequence[Any]) -> None:
        self.changed(jobs)

    def targets(self, jobs: Sequence[Any], extension: str) -> list[Target]:
        return [Target(bucket=job.bucket_name, key=_key(job, extension)) for job in jobs]

    def changed(self, jobs: Sequence[Any]) -> None:
        for job in jobs:
            told = {"status": job.status, "destination": self.name}
            feed.publish(job.user_id, "job.changed", {"job": job.pk}, **told)

    def edited(self, job: Any) -> None:
        self.changed([job])

    def deliver(self, made: Sequence[tuple[Any, Output]]) -> None:
        jobs = [job for job, _ in made]
        # Whoever delivers holds the jobs' locks: none of them is delivered twice at once.
        kept = Media.objects.filter(job_id__in=[job.pk for job in jobs])
        there = set(kept.values_list("job_id", flat=True))
        new = [Media(**_columns(job, output)) for job, output in made if job.pk not in there]
        for media in Media.objects.bulk_create(new):
            ids = {"media": media.pk}
            feed.publish(media.user_id, "media.created", ids, content_type=media.content_type)
        self.changed(jobs)

    def fail(self, job: Any, failure: Failure) -> None:
        self.changed([job])


def _key(job: Any, extension: str) -> str:
    return storage.library_key(job.user_id, job.content_type, job.pk, extension, job.attempt)


def _columns(job: Any, output: Output) -> dict[str, Any]:
    parent = _parent(job)
    # The row takes the job's id, so that the file's name is the row's.
    return {
        "id": job.pk,
        "job_id": job.pk,
        "user_id": job.user_id,
        "project_id": job.project_id,
        "parent": parent,
        "relation": job.relation if parent else "",
        "content_type": job.content_type,
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "model_type": job.preset_slug,
        "quality": job.quality,
        "generation_params": job.parameters,
        "seed": job.seed,
        "metadata": {"timings": output.timings, "references": references_kept(job.references)},
        "has_reference": bool(job.references),
        **output.columns(job.pk),
    }


def references_kept(references: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what media remember of the pictures and videos that their job began with, as the
    dock of the workspace takes them again.
    """
    names = ("id", "role", "url", "strength")
    return [
        {name: one[name] for name in names if one.get(name) is not None}
        | {"name": one.get("title", "")}
        for one in references
    ]


def _parent(job: Any) -> Media | None:
    """Return the media that the job was made from; of an item, where that is kept."""
    if not job.parent_id:
        return None
    column = "pk" if job.parent_kind == "media" else "item_id"
    return Media.objects.for_user(job.user_id).filter(**{column: job.parent_id}).first()
