"""Saving, deleting, regenerating and clearing, as services. Not for pages: see tests/browser."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from jobs.models import Job
from jobs.presets import sync_presets
from jobs.services import queue_job
from jobs.specs import JobSpec
from library.models import Media
from ourvidz import rows, storage
from ourvidz.errors import Refused
from workspace import services
from workspace.models import WorkspaceItem, WorkspaceSession

pytestmark = pytest.mark.django_db
BUCKET = "sdxl_image_fast"


@pytest.fixture(autouse=True)
def presets(db: None) -> None:
    with rows.as_service("test data"):
        sync_presets()


@pytest.fixture
def item(user: User) -> WorkspaceItem:
    """A finished item with its file, as a worker would have left it."""
    return made_item(user)


def made_item(user: User) -> WorkspaceItem:
    with rows.as_user(user):
        session = services.active_session(user)
        item = WorkspaceItem(user=user, session=session, prompt="a fox", content_type="image")
        key = storage.workspace_key(user.pk, session.pk, "image", item.pk, "png")
        stored = storage.save(BUCKET, key, io.BytesIO(item.pk.bytes), "image/png")
        item.storage_path, item.bucket_name, item.sha256 = key, BUCKET, stored.sha256
        item.model_type, item.seed, item.mime_type = "starter-fast", 7, "image/png"
        item.save()
    return item


def save(user: User, item: WorkspaceItem, **options: Any) -> Media:
    with rows.as_user(user):
        return services.save_workspace_item_to_library(user=user, item_id=item.pk, **options)


def test_saving_moves_file_and_row(
    user: User, item: WorkspaceItem, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        media = save(user, item)
    with rows.as_user(user):
        item = WorkspaceItem.objects.for_user(user).get(pk=item.pk)
    assert (item.status, item.media_id) == ("saved", media.pk)
    assert item.storage_path == media.storage_path
    assert media.storage_path == f"{user.pk}/library/images/{media.pk}.png"
    assert (media.prompt, media.seed, media.model_type) == ("a fox", 7, "starter-fast")
    assert storage.open(BUCKET, media.storage_path).read() == item.pk.bytes
    old = f"{user.pk}/workspace/{item.session_id}/images/{item.pk}.png"
    assert not storage.exists(BUCKET, old)


def test_saving_twice_is_saving_once(user: User, item: WorkspaceItem) -> None:
    assert save(user, item).pk == save(user, item).pk
    with rows.as_user(user):
        assert Media.objects.for_user(user).count() == 1


def test_a_save_that_fails_leaves_the_item_as_it_was(
    user: User, item: WorkspaceItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("the database went away")

    monkeypatch.setattr(services, "_point_at", broken)
    with pytest.raises(DatabaseError):
        save(user, item)
    with rows.as_user(user):
        again = WorkspaceItem.objects.for_user(user).get(pk=item.pk)
        assert (again.status, again.storage_path) == ("generated", item.storage_path)
        assert not Media.objects.for_user(user).exists()
    assert storage.exists(BUCKET, item.storage_path)


def test_a_file_that_is_gone_is_said_so(user: User, item: WorkspaceItem, settings: Any) -> None:
    (settings.STORAGE_DIR / BUCKET / item.storage_path).unlink()
    with pytest.raises(Refused) as caught:
        save(user, item)
    assert caught.value.code == "file_missing"
    with rows.as_user(user):
        assert not Media.objects.for_user(user).exists()


@pytest.mark.parametrize(
    ("status", "code"), [("generating", "item_unfinished"), ("failed", "item_failed")]
)
def test_only_finished_items_are_saved(
    user: User, item: WorkspaceItem, status: str, code: str
) -> None:
    with rows.as_user(user):
        WorkspaceItem.objects.for_user(user).update(status=status)
    with pytest.raises(Refused) as caught:
        save(user, item)
    assert caught.value.code == code


def test_another_persons_item_cannot_be_touched(
    user: User, other_user: User, item: WorkspaceItem
) -> None:
    calls = [
        services.save_workspace_item_to_library,
        services.delete_item,
        services.restore_item,
        services.regenerate_item,
    ]
    for call in calls:
        with rows.as_user(other_user), pytest.raises(Refused) as caught:
            call(user=other_user, item_id=item.pk)
        assert caught.value.code == "item_missing"
    with rows.as_user(other_user), pytest.raises(Refused):
        services.clear_workspace_session(user=other_user, session_id=item.session_id)


def test_another_persons_project_takes_nothing(
    user: User, other_user: User, item: WorkspaceItem
) -> None:
    from library.services import create_project

    with rows.as_user(other_user):
        theirs = create_project(user=other_user, name="Theirs")
    with pytest.raises(Refused) as caught:
        save(user, item, project_id=theirs.pk)
    assert caught.value.code == "project_missing"


def test_clearing_keeps_saved_media_and_can_be_taken_back(user: User, item: WorkspaceItem) -> None:
    media = save(user, item)
    unsaved = made_item(user)
    with rows.as_user(user):
        assert services.clear_workspace_session(user=user, session_id=item.session_id) is True
        assert not WorkspaceItem.objects.for_user(user).present().exists()
        assert Media.objects.for_user(user).kept().get().pk == media.pk
        assert services.restore_session(user=user, session_id=item.session_id) == 2
        assert services.restore_session(user=user, session_id=item.session_id) == 0
        present = WorkspaceItem.objects.for_user(user).present()
        assert {one.pk for one in present} == {item.pk, unsaved.pk}


def test_clearing_cancels_what_waits(user: User) -> None:
    with rows.as_user(user):
        spec = JobSpec(prompt="a fox", preset="starter-fast", destination="workspace")
        (job,) = queue_job(user=user, spec=spec)
        services.clear_workspace_session(user=user, session_id=job.workspace_session_id)
        assert Job.objects.for_user(user).get().status == "canceled"


def test_deleting_locks_the_job_before_its_item(user: User) -> None:
    """As a result does that may arrive at the same moment: else each waits for the other."""
    with rows.as_user(user):
        spec = JobSpec(prompt="a fox", preset="starter-fast", destination="workspace")
        (job,) = queue_job(user=user, spec=spec)
        item = WorkspaceItem.objects.for_user(user).get(job=job)
        with CaptureQueriesContext(connection) as seen:
            services.delete_item(user=user, item_id=item.pk)
        locks = [query["sql"] for query in seen.captured_queries if "FOR UPDATE" in query["sql"]]
        assert re.findall(r'FROM "(\w+)"', " ".join(locks))[:2] == ["jobs", "workspace_items"]
        assert Job.objects.for_user(user).get().status == "canceled"


def test_an_item_is_deleted_and_taken_back(user: User, item: WorkspaceItem) -> None:
    with rows.as_user(user):
        services.delete_item(user=user, item_id=item.pk)
        with pytest.raises(Refused):
            services.own_item(user, item.pk)
        services.restore_item(user=user, item_id=item.pk)
        assert services.own_item(user, item.pk).pk == item.pk


@pytest.mark.parametrize("keep_seed", [True, False])
def test_regenerating_stands_beside_its_parent(
    user: User, item: WorkspaceItem, keep_seed: bool
) -> None:
    with rows.as_user(user):
        (job,) = services.regenerate_item(user=user, item_id=item.pk, keep_seed=keep_seed)
        child = WorkspaceItem.objects.for_user(user).get(job=job)
    assert (child.parent_id, child.prompt, child.session_id) == (
        item.pk,
        "a fox",
        item.session_id,
    )
    assert (job.seed == 7) is keep_seed


def test_one_session_is_active(user: User) -> None:
    with rows.as_user(user):
        first = services.create_workspace_session(user=user, session_name="Tuesday ideas")
        second = services.create_workspace_session(user=user)
        active = WorkspaceSession.objects.for_user(user).filter(is_active=True)
        assert active.get().pk == second.pk
        services.activate_session(user=user, session_id=first.pk)
        assert active.get().pk == first.pk
        assert services.active_session(user).pk == first.pk


def test_a_deleted_session_is_made_again(user: User, item: WorkspaceItem) -> None:
    with rows.as_user(user):
        services.delete_session(user=user, session_id=item.session_id)
        assert services.active_session(user).pk != item.session_id


@pytest.mark.parametrize(("name", "code"), [("  ", "name_empty"), ("x" * 121, "name_too_long")])
def test_names_of_sessions_are_checked(user: User, name: str, code: str) -> None:
    with rows.as_user(user):
        session = services.create_workspace_session(user=user)
        with pytest.raises(Refused) as caught:
            services.rename_session(user=user, session_id=session.pk, session_name=name)
    assert caught.value.code == code


def test_a_session_that_never_was_is_missing(user: User) -> None:
    with rows.as_user(user), pytest.raises(Refused) as caught:
        services.clear_workspace_session(user=user, session_id=uuid.uuid4())
    assert caught.value.code == "session_missing"
