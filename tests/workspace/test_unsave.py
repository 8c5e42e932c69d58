"""The way back of a save: rows and files as they were, all or nothing, of nobody else. Not for the
toast that offers it: see tests/browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Job
from jobs.services import queue_job
from jobs.specs import JobSpec, ReferenceSpec
from library.models import Media, MediaTag
from library.services import create_project, update_project
from library.tags import tag_media
from ourvidz import rows, storage
from ourvidz.errors import Refused
from tests.workspace.test_items import BUCKET, made_item, presets, save
from workspace import services, unsaving
from workspace.models import ItemReference, WorkspaceItem

__all__ = ["presets"]
pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


def unsave(user: User, *items: WorkspaceItem) -> list[WorkspaceItem]:
    with rows.as_user(user):
        return services.unsave_items(user=user, item_ids=[item.pk for item in items])


def again(item: WorkspaceItem) -> WorkspaceItem:
    with rows.as_service("test"):
        return WorkspaceItem.objects.get(pk=item.pk)


def kept() -> int:
    with rows.as_service("test"):
        return Media.objects.count()


def test_file_and_row_are_as_they_were(user: User, django_capture_on_commit_callbacks: Any) -> None:
    item = made_item(user)
    with django_capture_on_commit_callbacks(execute=True):
        media = save(user, item)
    with django_capture_on_commit_callbacks(execute=True):
        unsave(user, item)
    back = again(item)
    assert (back.status, back.media_id) == ("generated", None)
    assert (back.storage_path, back.url) == (item.storage_path, item.url)
    assert back.expires_at is not None
    assert storage.open(BUCKET, back.storage_path).read() == item.pk.bytes
    assert not storage.exists(BUCKET, media.storage_path)
    assert kept() == 0


def test_it_can_be_repeated_and_saved_once_more(
    user: User, django_capture_on_commit_callbacks: Any
) -> None:
    item = made_item(user)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            media = save(user, item)
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                unsave(user, item)
    with django_capture_on_commit_callbacks(execute=True):
        media = save(user, item)
    assert storage.open(BUCKET, media.storage_path).read() == item.pk.bytes


def test_what_was_done_with_it_meanwhile_is_of_the_item_now(user: User) -> None:
    item = made_item(user)
    media = save(user, item)
    with rows.as_user(user):
        project = create_project(user=user, name="Foxes")
        update_project(user=user, project_id=project.pk, cover_id=media.pk)
        tag_media(user=user, media_ids=[media.pk], add=["fox"], remove=[])
        spec = JobSpec(
            prompt="a fox",
            preset="starter-fast",
            destination="workspace",
            references=(ReferenceSpec(id=media.pk, role="image"),),
        )
        (job,) = queue_job(user=user, spec=spec)
    unsave(user, item)
    with rows.as_service("test"):
        project.refresh_from_db()
        job = Job.objects.get(pk=job.pk)
        child = WorkspaceItem.objects.get(job=job)
        reference = ItemReference.objects.get(job=job)
        assert not MediaTag.objects.exists()
    assert project.cover_id is None
    assert (reference.media_id, reference.source_item_id) == (None, item.pk)
    assert (child.parent_media_id, child.parent_id) == (None, item.pk)
    assert (job.parent_kind, job.parent_id) == ("item", item.pk)
    assert [(one["id"], one["kind"]) for one in job.references] == [(str(item.pk), "item")]


def test_what_was_made_from_it_is_linked_to_it_again(user: User) -> None:
    item, child = made_item(user), made_item(user)
    with rows.as_service("test"):
        WorkspaceItem.objects.filter(pk=child.pk).update(parent=item, relation="variation")
    child_media = save(user, again(child))
    for _ in range(2):
        media = save(user, again(item))
        with rows.as_service("test"):
            child_media.refresh_from_db()
        assert (child_media.parent_id, child_media.relation) == (media.pk, "variation")
        unsave(user, item)


def test_all_or_none(user: User, other_user: User) -> None:
    mine, theirs = made_item(user), made_item(other_user)
    save(user, mine)
    save(other_user, theirs)
    with pytest.raises(Refused) as caught:
        unsave(user, mine, theirs)
    assert caught.value.code == "item_missing"
    assert (again(mine).status, again(theirs).status, kept()) == ("saved", "saved", 2)


def test_one_that_fails_leaves_everything_saved(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = made_item(user), made_item(user)
    media = [save(user, first), save(user, second)]
    move = storage.move
    moved: list[str] = []

    def fail_at_the_second(*where: str) -> str:
        if moved:
            raise Refused("storage_refused")
        moved.append(where[1])
        return move(*where)

    monkeypatch.setattr(unsaving.storage, "move", fail_at_the_second)
    with pytest.raises(Refused):
        unsave(user, first, second)
    assert kept() == 2
    assert all(storage.exists(BUCKET, one.storage_path) for one in media)
    assert {again(first).status, again(second).status} == {"saved"}


def test_the_page_offers_it(user: User, client_of: Callable[[User], Client]) -> None:
    client, item = client_of(user), made_item(user)
    answer = client.post(f"/workspace/items/{item.pk}/save", headers=FRAGMENT)
    assert f"/workspace/items/{item.pk}/unsave" in answer["HX-Trigger"]
    assert client.post(f"/workspace/items/{item.pk}/unsave", headers=FRAGMENT).status_code == 204
    assert again(item).status == "generated"


def test_of_several_it_takes_back_only_those_that_were_saved_just_now(
    user: User, client_of: Callable[[User], Client]
) -> None:
    before, new = made_item(user), made_item(user)
    save(user, before)
    client = client_of(user)
    named = {"act": "save", "items": f"{before.pk},{new.pk}"}
    answer = client.post("/workspace/items/many", named, headers=FRAGMENT)
    assert f"unsave?items={new.pk}" in answer["HX-Trigger"]
    client.post(f"/workspace/items/unsave?items={new.pk}", headers=FRAGMENT)
    assert (again(before).status, again(new).status) == ("saved", "generated")
    answer = client.post("/workspace/items/many", {"act": "save", "items": str(before.pk)})
    assert "HX-Trigger" not in answer
