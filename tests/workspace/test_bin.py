"""The workspace's bin, sessions that come back, and what is said when the sweep took something. Not
for pages in a browser: see tests/browser.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ourvidz import rows, storage
from ourvidz.errors import Refused
from ourvidz.storage.sweep import sweep
from tests.workspace.test_items import BUCKET, made_item, save
from workspace import services
from workspace.models import WorkspaceItem, WorkspaceSession

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}
LATER = timedelta(days=8)


def again(item: WorkspaceItem) -> WorkspaceItem | None:
    with rows.as_service("test"):
        return WorkspaceItem.objects.filter(pk=item.pk).first()


def delete(user: User, *items: WorkspaceItem) -> None:
    with rows.as_user(user):
        for item in items:
            services.delete_item(user=user, item_id=item.pk)


def test_what_is_deleted_outlives_its_time_in_the_workspace(user: User) -> None:
    item = made_item(user)
    delete(user, item)
    sweep(now=timezone.now() + LATER)
    assert again(item) is not None
    sweep(now=timezone.now() + timedelta(days=31))
    assert again(item) is None


def test_a_way_back_from_the_bin(user: User, other_user: User) -> None:
    first, second = made_item(user), made_item(user)
    delete(user, first, second)
    with rows.as_user(user):
        assert set(services.in_bin(user)) == {first, second}
        services.restore_items(user=user, item_ids=[first.pk])
        assert list(services.in_bin(user)) == [second]
    found = again(first)
    assert found is not None
    assert found.deleted_at is None
    assert found.expires_at is not None
    with rows.as_user(other_user), pytest.raises(Refused):
        services.restore_items(user=other_user, item_ids=[second.pk])


def test_emptying_removes_files_but_none_that_the_library_keeps(
    user: User, django_capture_on_commit_callbacks: Any
) -> None:
    lost, kept = made_item(user), made_item(user)
    with django_capture_on_commit_callbacks(execute=True):
        media = save(user, kept)
    delete(user, lost, kept)
    with django_capture_on_commit_callbacks(execute=True), rows.as_user(user):
        assert services.empty_bin(user=user) == 2
    assert again(lost) is None
    assert not storage.exists(BUCKET, lost.storage_path)
    assert storage.exists(BUCKET, media.storage_path)


def test_a_deleted_session_comes_back_with_what_was_in_it(
    user: User, client_of: Callable[[User], Client]
) -> None:
    item = made_item(user)
    client = client_of(user)
    answer = client.post(f"/workspace/{item.session_id}/delete", headers=FRAGMENT)
    assert "toast:later" in answer["HX-Trigger"]
    assert client.get(f"/workspace/{item.session_id}/").status_code == 404
    answer = client.post(f"/workspace/{item.session_id}/restore", headers=FRAGMENT)
    assert answer["HX-Redirect"] == f"/workspace/{item.session_id}/"
    found = again(item)
    assert found is not None
    assert found.deleted_at is None


def test_making_in_a_deleted_session_makes_one_like_it(user: User) -> None:
    with rows.as_user(user):
        session = services.create_workspace_session(user=user, session_name="Tuesday")
        services.delete_session(user=user, session_id=session.pk)
        made = services.session_again(user=user, session_id=session.pk)
    assert made.pk != session.pk
    assert made.session_name == "Tuesday"


def test_using_a_session_keeps_what_is_in_it(user: User, client_of: Any) -> None:
    item = made_item(user)
    old = timezone.now() + timedelta(days=1)
    with rows.as_service("test"):
        WorkspaceItem.objects.update(expires_at=old)
        WorkspaceSession.objects.update(expires_at=old)
    client_of(user).get("/workspace/")
    found = again(item)
    assert found is not None
    assert found.expires_at is not None
    assert found.expires_at > old + timedelta(days=5)


def test_what_the_sweep_took_is_said_once(user: User, client_of: Any) -> None:
    item = made_item(user)
    with rows.as_service("test"):
        WorkspaceItem.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    sweep()
    client = client_of(user)
    assert b"1 item that nobody saved was removed" in client.get("/workspace/").content
    client.post(f"/workspace/{item.session_id}/noticed", headers=FRAGMENT)
    assert b"nobody saved" not in client.get("/workspace/").content


def test_several_come_as_one_archive(user: User, client_of: Any) -> None:
    first, second = made_item(user), made_item(user)
    answer = client_of(user).get(f"/workspace/items/download?items={first.pk},{second.pk}")
    body = b"".join(answer.streaming_content) if not answer.is_async else _read(answer)
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert len(names) == 2
    assert all(name.startswith("a-fox") for name in names)


def _read(answer: Any) -> bytes:
    import asyncio

    async def pieces() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return asyncio.run(pieces())


def test_a_closed_tab_leaves_the_session_idle_and_still_the_one_to_come_back_to(
    user: User, client_of: Any
) -> None:
    with rows.as_user(user):
        services.create_workspace_session(user=user, session_name="first")
        last = services.create_workspace_session(user=user, session_name="last")
    client = client_of(user)
    assert client.post(f"/workspace/{last.pk}/leave").status_code == 204
    with rows.as_service("test"):
        assert not WorkspaceSession.objects.get(pk=last.pk).is_active
    answer = client.get("/workspace/")
    assert b"last" in answer.content
    with rows.as_service("test"):
        assert WorkspaceSession.objects.get(pk=last.pk).is_active
