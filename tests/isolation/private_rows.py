"""One valid row of every private table, for the attacks of this folder. Not for other tests: theirs
go through services.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accounts.models import ApiToken, Profile, User
from jobs.models import Job, JobStatus, PersonLimit, Webhook, WebhookDelivery
from library.models import Media, MediaTag, Project, Reference, SavedSearch, Tag
from ourvidz.models import FeedHead
from workspace.models import ItemReference, WorkspaceItem, WorkspaceSession


def job(user: User) -> Job:
    return Job.objects.create(
        user=user,
        preset_slug="starter-fast",
        content_type="image",
        quality="fast",
        job_type="sdxl_image_fast",
        bucket_name="sdxl_image_fast",
        queue="gpu.image",
        prompt="a castle",
        seed=1,
        cost=1,
    )


def session(user: User) -> WorkspaceSession:
    return WorkspaceSession.objects.create(user=user)


def item(user: User) -> WorkspaceItem:
    return WorkspaceItem.objects.create(
        user=user, session=session(user), prompt="a castle", content_type="image"
    )


def media(user: User) -> Media:
    return Media.objects.create(user=user, content_type="image", prompt="a castle")


def reference(user: User) -> Reference:
    return Reference.objects.create(user=user, name="a photo")


def tag(user: User) -> Tag:
    return Tag.objects.create(user=user, name=uuid.uuid4().hex)


def token(user: User) -> ApiToken:
    return ApiToken.objects.create(user=user, name="mine", digest=uuid.uuid4().hex)


def webhook(user: User) -> Webhook:
    return Webhook.objects.create(user=user, url="https://hooks.example.org/", secret="whsec_AA==")


# Every private model: a new one without a line here fails test_every_private_model_is_attacked.
MAKE: dict[type[Model], Callable[[User], Any]] = {
    User: lambda user: user,
    Profile: lambda user: user.profile,
    ApiToken: token,
    FeedHead: lambda user: FeedHead.objects.get_or_create(user=user)[0],
    Job: job,
    JobStatus: lambda user: JobStatus.objects.create(user=user, job=job(user), status="queued"),
    Media: media,
    Project: lambda user: Project.objects.create(user=user, name="Forest tales"),
    Reference: reference,
    Tag: tag,
    MediaTag: lambda user: MediaTag.objects.create(user=user, tag=tag(user), media=media(user)),
    SavedSearch: lambda user: SavedSearch.objects.create(user=user, name="Foxes"),
    PersonLimit: lambda user: PersonLimit.objects.get_or_create(user=user)[0],
    Webhook: webhook,
    WebhookDelivery: lambda user: WebhookDelivery.objects.create(
        user=user, webhook=webhook(user), event="job.failed", give_up_at=timezone.now()
    ),
    WorkspaceSession: session,
    WorkspaceItem: item,
    ItemReference: lambda user: ItemReference.objects.create(
        user=user, job=job(user), item=item(user), reference=reference(user)
    ),
}
