"""Keeping the library in order through Django's client: every term of the search and every filter,
saved searches, tags, projects in projects, the bin's end, pictures in other formats.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from library import bin, destination, searches, services, tags, words
from library.listing import Listing
from library.models import Media, MediaTag, Project, SavedSearch, Tag
from library.words import read, says
from ourvidz import rows, storage
from ourvidz.errors import Refused
from tests.library.factories import media_of, picture_of
from tests.library.test_pages import HTMX, now, project_of, shown

pytestmark = pytest.mark.django_db
WINTER = datetime(2025, 12, 24, 12, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def client(user: Any, client_of: Any) -> Any:
    return client_of(user)


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refused) as reason:
        yield
    assert reason.value.code == code


def tagged(user: Any, media: Media, *names: str) -> None:
    with rows.as_user(user):
        tags.tag_media(user=user, media_ids=[media.pk], add=names)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag:print", {"a red fox"}),
        ("TAG:x tag:PRINT", set()),
        ("-tag:print fox", {"a fox at night"}),
        ('tag:"two words"', {"a red fox"}),
        ("has:tag", {"a red fox"}),
        ("project:tales", {"a castle", "a fox at night"}),
        ("project:winter", {"a fox at night"}),
        ("has:project", {"a castle", "a fox at night"}),
        ("kind:video", {"a fox at night"}),
        ("size:640x480", {"a castle"}),
        ("size:medium", {"a castle"}),
        ("size:large", {"a red fox"}),
        ("size:small", {"a fox at night"}),
        ("size:huge", set()),
        ("on:2025-12-24", {"a castle"}),
        ("on:2025-12", {"a castle"}),
        ("before:2026", {"a castle"}),
        ("after:2026", {"a fox at night", "a red fox"}),
        ("on:today fox", {"a fox at night", "a red fox"}),
        ("on:2025-13", set()),
        ("on:0000", set()),
        ("after:9999", set()),
        ("has:reference", {"a fox at night"}),
        ("preset:starter", {"a castle", "a fox at night", "a red fox"}),
        ("cast", {"a castle"}),
        ("'fox' red!:*", {"a red fox"}),
        ("fox & castle", set()),
    ],
)
def test_terms_of_the_search(client: Any, user: Any, query: str, found: set[str]) -> None:
    tales = project_of(user, "Old tales")
    with rows.as_user(user):
        inner = services.create_project(user=user, name="Winter", parent_id=tales.pk)
    media_of(user, "a castle", at=WINTER, project=tales, width=640, height=480)
    video = {"content_type": "video", "has_reference": True}
    media_of(user, "a fox at night", project=inner, **video)
    tagged(user, media_of(user, "a red fox", width=2048, height=1024), "Print", "two words")
    answer = client.get("/library/", {"q": query})
    assert {tile.name for day, _texts in answer.context["days"] for tile in day.tiles} == found


def test_words_find_what_is_written_without_spaces(client: Any, user: Any) -> None:
    media_of(user, "夜の狐と城")
    assert shown(client, "/library/?q=狐") == ["夜の狐と城"]


def test_filters_beside_the_search(client: Any, user: Any) -> None:
    media_of(user, "small", starred_at=timezone.now())
    media_of(user, "large", width=2048, height=2048, has_reference=True)
    assert shown(client, "/library/?size=small") == ["small"]
    assert shown(client, "/library/?size=large&reference=1") == ["large"]
    assert shown(client, "/library/?starred=1") == ["small"]
    assert shown(client, "/library/?starred=0&size=nonsense") == ["large", "small"]


def test_pages_of_words(user: Any, other_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        media_of(user, f"castle {number}")
    media_of(other_user, "castle of another")
    with rows.as_user(user):
        listing = Listing.read(user, {"q": "castle"}, "all", None)
        first, cursor = listing.page("", 3)
        second, end = listing.page(cursor, 3)
        assert [one.prompt for one in first + second] == [f"castle {n}" for n in range(4, -1, -1)]
        assert end == ""
        before, behind = listing.around(first[1], 6)
        assert (len(before), len(behind)) == (1, 3)
        # What the service finds is read again as the person: nobody else's row comes through.
        everybody: Any = Media.objects.filter(prompt__startswith="castle").order_by("pk")
        said = says(user, ["castle"], [], [])
        assert {one.user_id for one in read(everybody, user, said)} == {user.pk}
        names = [one.prompt for one in first]
        for near, few in ((1_000, 10_000), (0, 10_000), (0, 1)):  # met soon; by few; by very many
            monkeypatch.setattr(words, "NEAR", near)
            monkeypatch.setattr(words, "NEAR_EACH", near)
            monkeypatch.setattr(words, "FEW", few)
            assert [one.prompt for one in listing.page("", 3)[0]] == names


def test_a_search_is_saved_replaced_and_forgotten(client: Any, user: Any) -> None:
    url = reverse("library:save-search")
    values = {"name": " Foxes ", "query": "q=fox&kind=video&nonsense=1&sort=newest"}
    assert client.post(url, values, **HTMX).status_code == 204
    assert (
        client.post(url, {**values, "query": "q=red+fox&sort=largest"}, **HTMX).status_code == 204
    )
    assert client.post(url, {"name": "Empty", "query": "x=1"}, **HTMX).status_code == 422
    with rows.as_user(user):
        saved = SavedSearch.objects.for_user(user).get()
    assert (saved.name, saved.query) == ("Foxes", {"q": "red fox", "sort": "largest"})
    assert "?q=red+fox&amp;sort=largest" in client.get("/library/").content.decode()
    gone = client.post(reverse("library:delete-search", args=[saved.pk]), **HTMX)
    undo = json.loads(gone["HX-Trigger"])["toast:undo"]["url"]
    assert client.post(undo, **HTMX).status_code == 204
    with rows.as_user(user):
        assert searches.searches(user)[0]["query"] == {"q": "red fox", "sort": "largest"}


def test_tags_are_put_on_and_taken_off(client: Any, user: Any) -> None:
    media = [media_of(user, f"castle {number}") for number in range(3)]
    ids = ",".join(str(one.pk) for one in media)
    url = reverse("library:tag")
    assert client.post(url, {"media": ids, "add": "Print, best ,print"}, **HTMX).status_code == 204
    assert client.post(url, {"media": ids, "add": "PRINT"}, **HTMX).status_code == 204
    with rows.as_user(user):
        assert [str(tag) for tag in Tag.objects.for_user(user).order_by("name")] == [
            "best",
            "print",
        ]
        assert MediaTag.objects.for_user(user).count() == 6
    assert client.post(url, {"media": ids, "off": "BEST"}, **HTMX).status_code == 204
    with rows.as_user(user):
        assert [one["media_count"] for one in tags.tags_with_counts(user)] == [3]
    assert client.post(url, {"media": ids, "add": "x" * 41}, **HTMX).status_code == 422
    many = ",".join(str(number) for number in range(21))
    assert client.post(url, {"media": ids, "add": many}, **HTMX).status_code == 422


def test_a_tag_is_renamed_and_removed(user: Any) -> None:
    tagged(user, media_of(user, "castle"), "print", "best")
    with rows.as_user(user):
        tag = Tag.objects.for_user(user).get(name="print")
        with refused("tag_taken"):
            tags.rename_tag(user=user, tag_id=tag.pk, name="Best")
        assert tags.rename_tag(user=user, tag_id=tag.pk, name="Print").name == "Print"
        tags.delete_tag(user=user, tag_id=tag.pk)
        assert [one["name"] for one in tags.tags_with_counts(user)] == ["best"]


def test_nobody_tags_anothers_media(user: Any, other_user: Any) -> None:
    media = media_of(other_user, "castle")
    with rows.as_user(user), refused("media_missing"):
        tags.tag_media(user=user, media_ids=[media.pk], add=["mine"])


def test_a_move_is_undone(client: Any, user: Any) -> None:
    tales, robots = project_of(user, "Tales"), project_of(user, "Robots")
    media = [media_of(user, "one", project=tales), media_of(user, "two")]
    ids = ",".join(str(one.pk) for one in media)
    moved = client.post(reverse("library:move"), {"media": ids, "project": str(robots.pk)}, **HTMX)
    assert [now(one).project_id for one in media] == [robots.pk, robots.pk]
    undo = json.loads(moved["HX-Trigger"])["toast:undo"]["url"]
    assert client.post(undo, **HTMX).status_code == 204
    assert [now(one).project_id for one in media] == [tales.pk, None]
    assert client.post(reverse("library:move-back", args=["nothing"]), **HTMX).status_code == 410


def test_projects_are_nested_once(user: Any) -> None:
    outer = project_of(user, "Outer")
    with rows.as_user(user):
        inner = services.create_project(user=user, name="Inner", parent_id=outer.pk)
        with refused("project_depth"):
            services.create_project(user=user, name="Deeper", parent_id=inner.pk)
        for project, parent in ((outer, inner), (outer, outer)):
            with refused("project_depth"):
                services.update_project(user=user, project_id=project.pk, parent_id=parent.pk)
        services.update_project(user=user, project_id=inner.pk, parent_id="")
        services.update_project(user=user, project_id=outer.pk, parent_id=inner.pk)
        assert Project.objects.get(pk=outer.pk).parent_id == inner.pk


def test_a_deleted_project_comes_back_with_what_went(client: Any, user: Any) -> None:
    project = project_of(user)
    media = media_of(user, "castle", project=project)
    media_of(user, "gone before", project=project, deleted_at=timezone.now())
    url = reverse("library:delete-project", args=[project.pk])
    answer = client.post(url, {"media": "bin"}, **HTMX)
    later = json.loads(answer["HX-Trigger"])["toast:later"]
    assert shown(client) == [] and now(media).deleted_at is not None
    assert client.get(f"/library/projects/{project.pk}/").status_code == 404
    assert client.post(later["url"], **HTMX).status_code == 204
    assert shown(client, f"/library/projects/{project.pk}/") == ["castle"]
    assert shown(client, "/library/bin/") == ["gone before"]


def test_a_deleted_project_is_over_after_the_bin_s_days(user: Any) -> None:
    project = project_of(user)
    with rows.as_user(user):
        services.delete_project(user=user, project_id=project.pk)
    with rows.as_service("test"):
        assert not bin.deleted_projects(timezone.now()).exists()
        assert bin.deleted_projects(timezone.now() + timedelta(days=31)).get() == project


def test_the_bin_is_emptied_with_its_files(
    client: Any, user: Any, django_capture_on_commit_callbacks: Any
) -> None:
    kept, one, other = (picture_of(user, name) for name in ("kept", "one", "other"))
    with rows.as_user(user):
        services.delete_media(user=user, media_ids=[one.pk, other.pk])
    url = reverse("library:remove")
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url, {"media": f"{one.pk},{kept.pk}"}, **HTMX).status_code == 204
    assert shown(client, "/library/bin/") == ["other"] and shown(client) == ["kept"]
    assert storage.exists(kept.bucket_name, kept.storage_path)
    assert not storage.exists(one.bucket_name, one.storage_path)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url, **HTMX).status_code == 204
    assert shown(client, "/library/bin/") == []
    assert not storage.exists(other.bucket_name, other.storage_path)


@pytest.mark.parametrize(("wanted", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_a_picture_comes_in_every_format(client: Any, user: Any, wanted: str, kind: str) -> None:
    picture = Image.new("RGBA", (40, 30), (255, 0, 0, 128))
    media = picture_of(user, "a fox & a castle", picture=picture)
    answer = client.get(reverse("library:picture-as", args=[media.pk, wanted]))
    assert f"a-fox-a-castle-{media.pk.hex[-6:]}.{wanted}" in answer["Content-Disposition"]
    with Image.open(io.BytesIO(answer.content)) as got:
        assert (got.format, got.size) == (kind, (40, 30))


def test_what_has_no_such_format_is_refused(client: Any, user: Any, other_user: Any) -> None:
    media = picture_of(user, "a fox")
    assert client.get(f"/library/{media.pk}/as/exe").status_code == 422
    video = media_of(user, "a film", content_type="video")
    assert client.get(f"/library/{video.pk}/as/png").status_code == 422
    secret = picture_of(other_user, "a secret")
    assert client.get(f"/library/{secret.pk}/as/png").status_code == 404


def test_the_settings_stay_inside(client: Any, user: Any) -> None:
    from PIL.PngImagePlugin import PngInfo

    from ourvidz.settings_inside import read_settings

    info, file = PngInfo(), io.BytesIO()
    info.add_itxt("ourvidz", json.dumps({"prompt": "a fox", "seed": 7}))
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=info)
    file.seek(0)
    media = picture_of(user, "a fox")
    stored = storage.save(media.bucket_name, media.storage_path + ".png", file, "image/png")
    with rows.as_service("test"):
        Media.objects.filter(pk=media.pk).update(storage_path=stored.key)
    for wanted in ("png", "jpeg", "webp"):
        body = client.get(f"/library/{media.pk}/as/{wanted}").content
        assert read_settings(io.BytesIO(body)) == {"prompt": "a fox", "seed": 7}


def test_the_viewer_hands_on_settings_with_references(client: Any, user: Any) -> None:
    source = {"id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fb001", "role": "image", "url": "/media/x"}
    kept = destination.references_kept([{**source, "title": "a sketch", "kind": "reference"}])
    media = media_of(user, "a fox", metadata={"references": kept})
    viewer = client.get(f"/library/{media.pk}/").context["viewer"]
    carried = json.loads(viewer.carry_all)
    assert carried["references"] == [{**source, "name": "a sketch"}]
    assert (carried["prompt"], carried["seed"]) == ("a fox", 7)
    assert json.loads(viewer.carry_remix)["seed_kind"] == "random"
    assert json.loads(viewer.give)["give"]["id"] == str(media.pk)
