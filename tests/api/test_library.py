"""Media, projects and references in the API. Not for how uploads are checked: see storage."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from library.models import Media, Project, Reference
from ourvidz.models import uuid7
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_project
from tests.storage.factories import make_media, make_reference


def _ids(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def test_finds_media(api: Api, user: User) -> None:
    project = make_project(user)
    castle = make_media(user, prompt="a red castle", project=project)
    boat = make_media(user, prompt="a red boat", content_type="video")
    assert api.patch(f"media/{boat.pk}", {"starred": True}).json()["starred_at"]
    everything = {str(castle.pk), str(boat.pk)}
    for query, found in {
        "q=red": everything,
        "q=RED+boat": {str(boat.pk)},
        "q=100%25": set(),
        "q=_": set(),
        "content_type=video": {str(boat.pk)},
        f"project={project.pk}": {str(castle.pk)},
        f"project={uuid7()}": set(),
        "starred=true": {str(boat.pk)},
        "starred=false": {str(castle.pk)},
    }.items():
        assert _ids(api.get(f"media?{query}")) == found, query


@pytest.mark.parametrize(
    "query", ["q=a%00b", "q=" + "a" * 201, "content_type=song", "project=5", "project=%00"]
)
def test_refuses_a_search(query: str, api: Api) -> None:
    assert is_problem(api.get(f"media?{query}"), 400, "invalid")


def test_changes_media_all_or_nothing(api: Api, user: User, other_user: User) -> None:
    media, project, theirs = make_media(user), make_project(user), make_project(other_user)
    change = {"title": " The  castle ", "starred": True, "project_id": str(project.pk)}
    changed = api.patch(f"media/{media.pk}", change).json()
    assert (changed["title"], changed["project_id"]) == ("The castle", str(project.pk))

    wrong = {"title": "Another", "starred": False, "project_id": str(theirs.pk)}
    assert is_problem(api.patch(f"media/{media.pk}", wrong), 404, "project_missing")
    assert api.get(f"media/{media.pk}").json() == changed

    out = api.patch(f"media/{media.pk}", {"project_id": None, "starred": False, "title": ""})
    assert (out.json()["project_id"], out.json()["starred_at"]) == (None, None)


def test_the_bin_and_back(api: Api, user: User) -> None:
    media = make_media(user)
    assert api.delete(f"media/{media.pk}").status_code == 204
    assert _ids(api.get("media")) == set()
    assert _ids(api.get("media/bin")) == {str(media.pk)}
    assert api.get(f"media/{media.pk}").json()["deleted_at"]
    assert api.post(f"media/{media.pk}/restore").json()["deleted_at"] is None
    assert _ids(api.get("media/bin")) == set()


def test_pages_of_the_bin(api: Api, user: User) -> None:
    for _ in range(3):
        api.delete(f"media/{make_media(user).pk}")
    first = api.get("media/bin?limit=2").json()
    second = api.get(first["next"]).json()
    assert len(first["results"] + second["results"]) == 3 and second["next"] is None
    assert api.get(second["previous"]).json()["results"] == first["results"]


def test_projects(api: Api, user: User) -> None:
    media = make_media(user)
    made = api.post("projects", {"name": " Winter ", "description": "Snow"})
    assert made.status_code == 201 and made.json()["name"] == "Winter"
    path = f"projects/{made.json()['id']}"
    assert api.get(path).json() == made.json()
    changed = api.patch(path, {"name": "Snow", "cover_id": str(media.pk)}).json()
    assert (changed["name"], changed["cover_id"]) == ("Snow", str(media.pk))
    api.patch(f"media/{media.pk}", {"project_id": changed["id"]})
    assert api.delete(path).status_code == 204
    assert is_problem(api.get(path), 404)
    # Its media stay.
    assert api.get(f"media/{media.pk}").json()["project_id"] is None


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a" * 121}, {"name": "a\u0000"}, []])
def test_refuses_a_project(body: Any, api: Api) -> None:
    assert is_problem(api.post("projects", body), 400)
    with as_service("test"):
        assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "media/{media}", {"title": "Mine"}),
        ("DELETE", "media/{media}", None),
        ("POST", "media/{media}/restore", None),
        ("PATCH", "projects/{project}", {"name": "Mine"}),
        ("DELETE", "projects/{project}", None),
        ("DELETE", "references/{reference}", None),
    ],
)
def test_nothing_can_be_done_to_anothers(
    method: str, path: str, body: Any, api: Api, other_user: User
) -> None:
    media, project = make_media(other_user), make_project(other_user)
    reference = make_reference(other_user)
    path = path.format(media=media.pk, project=project.pk, reference=reference.pk)
    assert is_problem(api.ask(method, path, body), 404)
    with as_service("test"):
        assert Media.objects.get().deleted_at is None and Media.objects.get().title == ""
        assert Project.objects.get().name == "Winter"
        assert Reference.objects.get().deleted_at is None


def test_a_cover_is_ones_own(api: Api, user: User, other_user: User) -> None:
    project, media = make_project(user), make_media(other_user)
    answer = api.patch(f"projects/{project.pk}", {"cover_id": str(media.pk)})
    assert is_problem(answer, 404, "media_missing")


def _picture(format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, format)
    return file.getvalue()


def _upload(api: Api, content: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("sketch.png", content, "image/png")
    return api.client.post("/api/v1/references", {"file": file, **fields})


def test_uploads_a_reference_and_deletes_it(api: Api) -> None:
    answer = _upload(api, _picture())
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["name"], made["width"], made["height"]) == ("sketch.png", 64, 48)
    assert api.get(f"references/{made['id']}").json() == made
    assert b"".join(api.client.get(made["url"])).startswith(b"\x89PNG")
    assert api.delete(f"references/{made['id']}").status_code == 204
    assert api.delete(f"references/{made['id']}").status_code == 204
    assert _ids(api.get("references")) == set()
    assert is_problem(api.get(f"references/{made['id']}"), 404)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (b"GIF89a hello", 415), (b"<svg/>", 415), (_picture()[:90], 422)],
)
def test_refuses_an_upload(content: bytes, status: int, api: Api) -> None:
    assert is_problem(_upload(api, content), status)
    with as_service("test"):
        assert not Reference.objects.exists()


def test_refuses_what_is_no_upload(api: Api) -> None:
    assert is_problem(api.client.post("/api/v1/references", {"name": "x"}), 400, "invalid")
    assert is_problem(api.post("references", {"file": "x"}), 415, "unsupported_media_type")
    assert is_problem(_upload(api, _picture(), name="c\x00d"), 400)
