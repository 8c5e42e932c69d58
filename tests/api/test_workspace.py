"""Sessions and items in the API. Not for what the services do to files."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from library.models import Media
from ourvidz.models import uuid7
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_job, make_project, make_session
from tests.storage.factories import make_item
from workspace.models import WorkspaceItem


@pytest.mark.parametrize("path", ["sessions", "sessions/create_workspace_session"])
def test_a_new_session_is_the_active_one(path: str, api: Api, user: User) -> None:
    old = make_session(user)
    answer = api.post(path, {"session_name": " Castles  and towers "})
    assert answer.status_code == 201
    session = answer.json()
    assert (session["session_name"], session["is_active"]) == ("Castles and towers", True)
    listed = api.get("sessions").json()["results"]
    assert [row["id"] for row in listed] == [session["id"], str(old.pk)]


def test_a_session_needs_no_name(api: Api) -> None:
    assert api.post("sessions", {}).json()["session_name"] == "Workspace Session"
    assert api.post("sessions").status_code == 201


def test_names_a_session_and_switches_to_it(api: Api, user: User) -> None:
    session = make_session(user)
    answer = api.patch(f"sessions/{session.pk}", {"session_name": "Boats", "is_active": True})
    assert answer.status_code == 200
    assert (answer.json()["session_name"], answer.json()["is_active"]) == ("Boats", True)


@pytest.mark.parametrize("name", ["", "  ", "a" * 121, None])
def test_refuses_a_name(name: Any, api: Api, user: User) -> None:
    session = make_session(user)
    assert is_problem(api.patch(f"sessions/{session.pk}", {"session_name": name}), 400)
    assert api.get(f"sessions/{session.pk}").json()["session_name"] == session.session_name


def test_clears_a_session_and_takes_it_back(api: Api, user: User) -> None:
    item = make_item(user)
    answer = api.post(f"sessions/{item.session_id}/clear_workspace_session")
    assert answer.json() == {"cleared": True}
    assert is_problem(api.get(f"items/{item.pk}"), 404)
    answer = api.post(f"sessions/{item.session_id}/restore")
    assert answer.json() == {"restored": 1}
    assert api.get(f"items/{item.pk}").status_code == 200


def test_deletes_a_session_with_its_items(api: Api, user: User) -> None:
    item = make_item(user)
    assert api.delete(f"sessions/{item.session_id}").status_code == 204
    assert is_problem(api.get(f"sessions/{item.session_id}"), 404)
    assert is_problem(api.get(f"items/{item.pk}"), 404)
    assert api.get("items").json()["results"] == []


def test_shows_an_item_with_stable_addresses(api: Api, user: User) -> None:
    item = make_item(user, url="/media/1/original?v=2", thumbnail_url="/media/1/thumbnail?v=2")
    shown = api.get(f"items/{item.pk}").json()
    assert shown["url"] == "http://testserver/media/1/original?v=2"
    assert shown["thumbnail_url"] == "http://testserver/media/1/thumbnail?v=2"
    assert shown["sha256"] == item.sha256


def test_an_item_without_a_file_has_no_address(api: Api, user: User) -> None:
    make_job(user)
    (item,) = api.get("items").json()["results"]
    assert item["url"] is item["thumbnail_url"] is item["failure"] is None
    assert (item["status"], item["job_status"]) == ("generating", "queued")


def test_filters_items(api: Api, user: User) -> None:
    one, two = make_item(user), make_item(user, status="failed")
    assert _ids(api.get(f"items?session={one.session_id}")) == [str(one.pk)]
    assert _ids(api.get("items?status=failed")) == [str(two.pk)]
    assert _ids(api.get(f"items?session={uuid7()}")) == []
    for query in ("session=5", "status=lost", "batch_id=%00"):
        assert is_problem(api.get(f"items?{query}"), 400, "invalid")


def _ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.json()["results"]]


def test_deletes_an_item_and_takes_it_back(api: Api, user: User) -> None:
    item = make_item(user)
    assert api.delete(f"items/{item.pk}").status_code == 204
    assert is_problem(api.delete(f"items/{item.pk}"), 404)
    assert api.post(f"items/{item.pk}/restore").json()["id"] == str(item.pk)


def test_saves_an_item_once(api: Api, user: User) -> None:
    item, project = make_item(user, status="generated"), make_project(user)
    path = f"items/{item.pk}/save_workspace_item_to_library"
    first = api.post(path, {"project_id": str(project.pk)})
    assert first.status_code == 200
    media = first.json()
    assert (media["item_id"], media["project_id"]) == (str(item.pk), str(project.pk))
    assert api.post(path).json() == media
    saved = api.get(f"items/{item.pk}").json()
    assert (saved["status"], saved["media_id"]) == ("saved", media["id"])


def test_does_not_save_what_is_not_there(api: Api, user: User, other_user: User) -> None:
    job = make_job(user)
    with as_service("test"):
        (item,) = WorkspaceItem.objects.filter(job=job)
    path = f"items/{item.pk}/save_workspace_item_to_library"
    assert is_problem(api.post(path), 409, "item_unfinished")
    theirs = {"project_id": str(make_project(other_user).pk)}
    finished = make_item(user, status="generated")
    path = f"items/{finished.pk}/save_workspace_item_to_library"
    assert is_problem(api.post(path, theirs), 404, "project_missing")
    with as_service("test"):
        assert not Media.objects.exists()
    assert api.get(f"items/{finished.pk}").json()["status"] == "generated"


def test_makes_an_item_again(api: Api, user: User) -> None:
    item = make_item(user, model_type="starter-fast", seed=7, status="generated")
    again = api.post(f"items/{item.pk}/regenerate", {"keep_seed": True})
    assert again.status_code == 202
    assert again.json()["jobs"][0]["seed"] == 7
    (made,) = again.json()["items"]
    assert api.get(f"items/{made}").json()["parent_id"] == str(item.pk)
    other = api.post(f"items/{item.pk}/regenerate")
    assert other.json()["jobs"][0]["seed"] != 7


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "sessions/{session}", {"session_name": "Mine"}),
        ("DELETE", "sessions/{session}", None),
        ("POST", "sessions/{session}/clear_workspace_session", None),
        ("POST", "sessions/{session}/restore", None),
        ("DELETE", "items/{item}", None),
        ("POST", "items/{item}/restore", None),
        ("POST", "items/{item}/unsave", None),
        ("DELETE", "items/bin/{item}", None),
        ("POST", "items/{item}/regenerate", None),
        ("POST", "items/{item}/save_workspace_item_to_library", None),
    ],
)
def test_nothing_can_be_done_to_anothers(
    method: str, path: str, body: Any, api: Api, other_user: User
) -> None:
    item = make_item(other_user, status="generated", model_type="starter-fast")
    path = path.format(session=item.session_id, item=item.pk)
    assert is_problem(api.ask(method, path, body), 404)
    with as_service("test"):
        item.refresh_from_db()
        assert item.deleted_at is None and item.status == "generated"
        assert item.session.deleted_at is None and item.session.session_name != "Mine"


def test_a_saving_is_taken_back(api: Api, user: User, other_user: User) -> None:
    item, theirs = make_item(user, status="generated"), make_item(other_user, status="generated")
    api.post(f"items/{item.pk}/save_workspace_item_to_library")
    for _ in range(2):
        back = api.post(f"items/{item.pk}/unsave").json()
        assert (back["status"], back["media_id"]) == ("generated", None)
    assert api.get("media").json()["results"] == []
    assert is_problem(api.post(f"items/{theirs.pk}/unsave"), 404, "item_missing")


def test_the_bin_in_pages(api: Api, user: User, other_user: User) -> None:
    items = [make_item(user) for _ in range(3)]
    for item in [*items, theirs := make_item(other_user)]:
        with as_service("test"):
            WorkspaceItem.objects.filter(pk=item.pk).update(deleted_at=item.created_at)
    first = api.get("items/bin?limit=2")
    second = api.get(first.json()["next"])
    assert _ids(first) + _ids(second) == [str(item.pk) for item in reversed(items)]
    assert is_problem(api.delete(f"items/bin/{theirs.pk}"), 404)


def test_ways_out_of_the_bin(api: Api, user: User) -> None:
    items = [make_item(user) for _ in range(4)]
    for item in items:
        api.delete(f"items/{item.pk}")
    named = api.post("items/bin/restore", {"items": [str(items[0].pk)]})
    assert named.json() == {"restored": 1}
    assert api.delete(f"items/bin/{items[1].pk}").status_code == 204
    assert is_problem(api.post("items/bin/restore", {"items": [str(items[1].pk)]}), 404)
    assert is_problem(api.post("items/bin/restore", {"items": []}), 400, "invalid")
    assert is_problem(api.post("items/bin/restore", {"items": ["x"]}), 400, "invalid")
    assert api.post("items/bin/restore").json() == {"restored": 2}
    assert api.post("items/bin/restore").json() == {"restored": 0}
    assert api.delete("items/bin").status_code == 204
    assert len(api.get("items").json()["results"]) == 3


def test_the_bin_is_emptied_for_good(api: Api, user: User) -> None:
    gone, kept = make_item(user), make_item(user)
    api.delete(f"items/{gone.pk}")
    assert api.delete("items/bin").status_code == 204
    assert _ids(api.get("items/bin")) == []
    assert is_problem(api.post(f"items/{gone.pk}/restore"), 404)
    assert _ids(api.get("items")) == [str(kept.pk)]
