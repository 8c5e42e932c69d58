"""One row of each kind that the API shows, and the address of its list. Not for checking them."""

from __future__ import annotations

from typing import Any

from accounts.services import issue_token
from jobs.services import queue_job
from jobs.specs import JobSpec
from jobs.webhooks.services import create_webhook
from library.models import Project, SavedSearch, Tag
from ourvidz.models import uuid7
from ourvidz.rows import as_service, as_user
from tests.storage.factories import make_item, make_media, make_reference
from workers.models import WorkerUrl
from workspace.models import WorkspaceSession


def make_job(user: Any, **wanted: Any) -> Any:
    """A job that waits, with its placeholder in the workspace."""
    spec = {"prompt": "a castle", "preset": "starter-fast", "destination": "workspace"} | wanted
    with as_user(user):
        return queue_job(user=user, spec=JobSpec(**spec))[0]


def make_session(user: Any, name: str = "Castles") -> WorkspaceSession:
    with as_service("test data"):
        return WorkspaceSession.objects.create(user=user, session_name=name, is_active=False)


def make_project(user: Any, name: str = "Winter") -> Project:
    with as_service("test data"):
        return Project.objects.create(user=user, name=name)


def make_token(user: Any, name: str = "Laptop") -> Any:
    with as_service("test data"):
        return issue_token(user=user, name=name, scopes=["read"])[0]


def make_worker(name: str = "gpu-1") -> WorkerUrl:
    with as_service("test data"):
        return WorkerUrl.objects.create(name=name, token_digest=uuid7().hex, status="active")


def make_webhook(user: Any, url: str = "https://hooks.example.org/ourvidz") -> Any:
    with as_user(user):
        return create_webhook(user=user, url=url)


def make_row(model: Any, user: Any, name: str) -> Any:
    """Return a tag or a saved search of this name."""
    with as_service("test rows"):
        return model.objects.create(user=user, name=name)


# A list's address → how to make a row of it.
MAKE: dict[str, Any] = {
    "me/tokens": make_token,
    "jobs": make_job,
    "sessions": make_session,
    "items": make_item,
    "media": make_media,
    "projects": make_project,
    "references": make_reference,
    "tags": lambda user: make_row(Tag, user, uuid7().hex),
    "searches": lambda user: make_row(SavedSearch, user, "Foxes"),
    "webhooks": make_webhook,
}
