"""Tags, saved searches, nested projects, many at once, families and formats in the API."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from accounts.models import User
from library.models import Media
from ourvidz.models import uuid7
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.library.factories import media_of, picture_of
from tests.storage.factories import make_media


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_finds_as_the_page_does(api: Api, user: User) -> None:
    fox = media_of(user, "a red fox", has_reference=True, width=2048, height=2048)
    castle = media_of(user, "a castle", seed=1207)
    api.patch(f"media/{fox.pk}", {"tags": ["print", "Best "]})
    both = [str(castle.pk), str(fox.pk)]
    for query, found in {
        "q=seed:1207": both[:1],
        "q=tag:print": both[1:],
        "q=fox+-castle": both[1:],
        "tag=PRINT": both[1:],
        "size=large": both[1:],
        "has_reference=true": both[1:],
        "preset=starter-fast": both,
        "created_before=2020-01-01T00:00:00Z": [],
        "created_after=2020-01-01T00:00:00Z": both,
        "sort=oldest": both[::-1],
        "sort=oldest&q=a": both[::-1],
        "sort=name": both,
        "sort=name&q=a": both,
        "sort=changed": both[::-1],
    }.items():
        assert ids(api.get(f"media?{query}")) == found, query
    assert is_problem(api.get("media?sort=best"), 400, "invalid")
    assert api.get(f"media/{fox.pk}").json()["tags"] == ["Best", "print"]


def test_pages_of_words(api: Api, user: User) -> None:
    made = [str(media_of(user, f"castle {number}").pk) for number in range(3)]
    first = api.get("media?q=castle&limit=2").json()
    assert [row["id"] for row in first["results"]] == made[:0:-1]
    second = api.client.get(first["next"]).json()
    assert [row["id"] for row in second["results"]] == made[:1] and second["next"] is None


def test_tags(api: Api, user: User, other_user: User) -> None:
    media = make_media(user)
    api.patch(f"media/{media.pk}", {"tags": ["print", "best"]})
    best, tag = api.get("tags").json()["results"]
    assert (best["name"], tag["name"]) == ("best", "print")
    assert is_problem(api.patch(f"tags/{tag['id']}", {"name": "BEST"}), 422, "tag_taken")
    assert api.patch(f"tags/{tag['id']}", {"name": "poster"}).json()["name"] == "poster"
    assert api.get(f"tags/{tag['id']}").json()["name"] == "poster"
    assert api.delete(f"tags/{tag['id']}").status_code == 204
    assert api.get(f"media/{media.pk}").json()["tags"] == ["best"]
    theirs = make_media(other_user)
    assert is_problem(api.patch(f"media/{theirs.pk}", {"tags": ["x"]}), 404, "media_missing")
    many = [str(number) for number in range(21)]
    assert is_problem(api.patch(f"media/{media.pk}", {"tags": many}), 422, "tags_many")


def test_saved_searches(api: Api) -> None:
    wanted = {"name": "Foxes", "query": {"q": "fox", "kind": "image", "other": "1"}}
    made = api.post("searches", wanted)
    assert made.status_code == 201
    assert made.json()["query"] == {"q": "fox", "kind": "image"}
    assert ids(api.get("searches")) == [made.json()["id"]]
    assert api.get(f"searches/{made.json()['id']}").json() == made.json()
    empty = api.post("searches", {"name": "None", "query": {}})
    assert is_problem(empty, 422, "search_empty")
    assert api.delete(f"searches/{made.json()['id']}").status_code == 204
    assert is_problem(api.delete(f"searches/{made.json()['id']}"), 404, "search_missing")


def test_many_at_once(api: Api, user: User, other_user: User) -> None:
    media = [str(make_media(user).pk) for _ in range(3)]
    project = api.post("projects", {"name": "Winter"}).json()
    wanted = {"project_id": project["id"], "starred": True, "add_tags": ["print"]}
    answer = api.post("media/many", {"media": media, **wanted})
    assert answer.json() == {"media": media}
    for row in api.get("media").json()["results"]:
        assert (row["project_id"], row["tags"]) == (project["id"], ["print"])
        assert row["starred_at"]
    api.post("media/many", {"media": media[:2], "in_bin": True, "remove_tags": ["print"]})
    assert ids(api.get("media")) == media[2:]
    api.post("media/many", {"media": media[:1], "in_bin": False})
    assert set(ids(api.get("media"))) == {media[0], media[2]}
    theirs = str(make_media(other_user).pk)
    wrong = api.post("media/many", {"media": [media[0], theirs], "in_bin": True})
    assert is_problem(wrong, 404, "media_missing")
    assert is_problem(api.post("media/many", {"media": []}), 400, "invalid")


def test_the_bin_is_emptied(api: Api, user: User) -> None:
    kept, gone = make_media(user), make_media(user)
    api.delete(f"media/{gone.pk}")
    assert api.delete("media/bin").status_code == 204
    with as_service("test"):
        assert [media.pk for media in Media.objects.all()] == [kept.pk]


def test_nested_projects_go_and_come_back(api: Api, user: User) -> None:
    outer = api.post("projects", {"name": "Outer"}).json()
    inner = api.post("projects", {"name": "Inner", "parent_id": outer["id"]}).json()
    assert inner["parent_id"] == outer["id"]
    deeper = api.post("projects", {"name": "Deeper", "parent_id": inner["id"]})
    assert is_problem(deeper, 422, "project_depth")
    media = media_of(user, "castle", project_id=inner["id"])
    assert api.delete(f"projects/{inner['id']}?media=bin").status_code == 204
    assert ids(api.get("media")) == [] and ids(api.get("projects")) == [outer["id"]]
    assert api.post(f"projects/{inner['id']}/restore").json()["name"] == "Inner"
    assert ids(api.get("media")) == [str(media.pk)]
    out = api.patch(f"projects/{inner['id']}", {"parent_id": None})
    assert out.json()["parent_id"] is None
    assert is_problem(api.post(f"projects/{uuid7()}/restore"), 404, "project_missing")


def test_family_and_formats(api: Api, user: User, other_user: User) -> None:
    parent = picture_of(user, "a balloon")
    child = media_of(user, "a red balloon", parent=parent)
    family = api.get(f"media/{child.pk}/family").json()
    assert [row["id"] for row in family["parents"]] == [str(parent.pk)]
    family = api.get(f"media/{parent.pk}/family").json()
    assert [row["id"] for row in family["children"]] == [str(child.pk)]
    webp = api.get(f"media/{parent.pk}/as/webp")
    with Image.open(io.BytesIO(webp.content)) as picture:
        assert (picture.format, webp["Content-Type"]) == ("WEBP", "image/webp")
    assert is_problem(api.get(f"media/{parent.pk}/as/exe"), 404, "not_found")
    theirs = picture_of(other_user, "a secret")
    assert is_problem(api.get(f"media/{theirs.pk}/as/png"), 404, "media_missing")
