"""Rows of every table that operators see, for the admin's tests."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.services import issue_token
from jobs.models import Preset
from jobs.services import queue_job
from jobs.specs import JobSpec
from library.models import Media, Project, Reference
from ourvidz import rows
from tests.factories import Factory
from workers.models import WorkerUrl
from workspace.models import ItemReference, WorkspaceItem


class PresetFactory(Factory):
    """A small image preset that takes any prompt."""

    class Meta:
        model = Preset

    slug = "tiny"
    name = "Tiny"
    family = "sdxl"
    source = "tiny"
    licence = "MIT"
    content_type = "image"
    quality = "fast"
    job_type = "image"
    bucket_name = "sdxl_image_fast"
    queue = "gpu.image"
    parameters: list[dict[str, Any]] = []


class WorkerFactory(Factory):
    """A worker that is at work."""

    class Meta:
        model = WorkerUrl

    name = "cpu-1"
    token_digest = "0" * 64
    status = "active"


def job_of(user: Any, prompt: str = "a castle in the snow") -> Any:
    """Queue one job of this person's, as the page does."""
    with rows.as_user(user):
        return queue_job(
            user=user, spec=JobSpec(prompt=prompt, preset="tiny", destination="workspace")
        )[0]


def everything_of(user: Any) -> None:
    """Make at least one row of every kind for this person."""
    job_of(user)
    with rows.as_user(user):
        project = Project.objects.create(user=user, name="Forest tales")
        for kind in ("image", "video"):
            Media.objects.create(
                user=user, content_type=kind, prompt="a fox at night", project=project
            )
        reference = Reference.objects.create(user=user, name="fox.png")
        item = WorkspaceItem.objects.for_user(user).get()
        ItemReference.objects.create(user=user, item=item, reference=reference)
        issue_token(user=user, name="script", scopes=["read"], expires_at=None)
    with rows.as_service("test data"):
        Media.objects.filter(content_type="video").update(deleted_at=timezone.now())
