"""The library's pages through Django's client: what a list holds and costs, what the viewer says,
what each action does, and that nobody reaches another person's rows.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import Profile
from library.listing import Listing
from library.models import Media, Project, Reference
from library.services import create_project, rename_media, star_media
from ourvidz import rows
from ourvidz.pagination import Keyset
from tests.library.factories import media_of, picture_of

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
NOW, ZERO = datetime(2026, 1, 1, tzinfo=UTC), "00000000-0000-0000-0000-000000000000"
# Where a page may begin, in each order.
FIRST = {"newest": [NOW, ZERO], "changed": [NOW, ZERO], "largest": [5, ZERO], "name": ["b", ZERO]}


@pytest.fixture
def client(user: Any, client_of: Any) -> Any:
    return client_of(user)


@pytest.fixture
def stranger(other_user: Any, client_of: Any) -> Any:
    return client_of(other_user)


def shown(client: Any, url: str = "/library/") -> list[str]:
    """Return the prompts of a page, in their order."""
    days = client.get(url).context["days"]
    return [tile.name for day, _texts in days for tile in day.tiles]


def now(media: Media) -> Media:
    with rows.as_service("test"):
        return Media.objects.select_related("project").get(pk=media.pk)


def streamed(answer: Any) -> zipfile.ZipFile:
    """Return the archive that an answer streams."""

    async def whole() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return zipfile.ZipFile(io.BytesIO(async_to_sync(whole)()))


def project_of(user: Any, name: str = "Forest tales") -> Project:
    with rows.as_user(user):
        return create_project(user=user, name=name)


def test_the_newest_come_first(client: Any, user: Any) -> None:
    for number in range(3):
        media_of(user, f"castle {number}")
    assert shown(client) == ["castle 2", "castle 1", "castle 0"]
    assert shown(client, "/library/?sort=oldest") == ["castle 0", "castle 1", "castle 2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fox", {"a fox at night", "a red fox"}),
        ("FOX night", {"a fox at night"}),
        ('"red fox"', {"a red fox"}),
        ("fox -night", {"a red fox"}),
        ("seed:1207", {"a castle"}),
        ("-seed:1207 castle", set()),
        ("model:high", {"a red fox"}),
        ("is:starred", {"a castle"}),
        ("is:video", {"a fox at night"}),
        ("-is:video fox", {"a red fox"}),
        ("is:nothing", set()),
        ("seed:99999999999999999999", set()),
        ("100%", set()),
        ('"', {"a castle", "a fox at night", "a red fox"}),
        ("\x00", {"a castle", "a fox at night", "a red fox"}),
    ],
)
def test_search(client: Any, user: Any, query: str, found: set[str]) -> None:
    media_of(user, "a castle", seed=1207, starred_at=timezone.now())
    media_of(user, "a fox at night", content_type="video")
    media_of(user, "a red fox", model_type="starter-high")
    answer = client.get("/library/", {"q": query})
    assert {tile.name for day, _texts in answer.context["days"] for tile in day.tiles} == found


def test_filters_and_shelves(client: Any, user: Any) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    media_of(user, "old", at=old)
    media_of(user, "video", content_type="video")
    media_of(user, "star", starred_at=timezone.now())
    media_of(user, "gone", deleted_at=timezone.now())
    assert shown(client, "/library/?kind=video") == ["video"]
    assert shown(client, "/library/?date=week") == ["star", "video"]
    assert shown(client, "/library/?model=no-such-model") == []
    assert shown(client, "/library/starred/") == ["star"]
    assert shown(client, "/library/videos/") == ["video"]
    assert shown(client, "/library/bin/") == ["gone"]
    assert "old" in shown(client)


def test_days_are_days_where_the_person_is(client: Any, user: Any) -> None:
    with rows.as_service("test"):
        Profile.objects.filter(pk=user.pk).update(time_zone="Pacific/Auckland")
    today = timezone.localdate(timezone=ZoneInfo("Pacific/Auckland"))
    media_of(user, "now")
    day, _texts = client.get("/library/").context["days"][0]
    assert (day.date, day.heading) == (today, "Today")


def test_pages_follow_each_other_without_gaps(client: Any, user: Any) -> None:
    for number in range(130):
        media_of(user, f"castle {number:03}")
    seen, url = [], "/library/"
    while url:
        page = client.get(url)
        seen += [tile.name for day, _texts in page.context["days"] for tile in day.tiles]
        url = f"/library/{page.context['older']}" if page.context["older"] else ""
    assert seen == [f"castle {number:03}" for number in reversed(range(130))]


def test_a_day_that_goes_on_has_one_heading(client: Any, user: Any) -> None:
    for number in range(70):
        media_of(user, f"castle {number}")
    first = client.get("/library/")
    second = client.get(f"/library/{first.context['older']}")
    assert first.content.count(b"grid__day") == 1
    assert second.content.count(b"grid__day") == 0


def test_a_list_that_was_loaded_far_comes_back_whole(client: Any, user: Any) -> None:
    for number in range(130):
        media_of(user, f"castle {number}")
    assert len(shown(client, "/library/?loaded=120")) == 120


def test_a_cursor_that_is_not_ours_starts_anew(client: Any, user: Any) -> None:
    media_of(user, "castle")
    assert shown(client, "/library/?cursor=nonsense") == ["castle"]


def test_pages_cost_the_same_however_much_there_is(client: Any, user: Any) -> None:
    project = project_of(user)
    first = media_of(user, "castle", project=project)
    urls = ("/library/", "/library/?fragment=tiles", "/library/shelves", f"/library/{first.pk}/")

    def costs() -> list[int]:
        client.get("/library/")  # counts the shelves, once for each change
        counted = []
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counted.append(len(queries))
        return counted

    few = costs()
    for number in range(80):
        media_of(user, f"castle {number}", project=project, parent=first)
    project_of(user, "Storyboard")
    assert costs() == few
    assert max(few) <= 26


def test_lists_are_read_from_their_indexes(user: Any) -> None:
    with rows.as_user(user):
        for shelf, sort, index in (
            ("all", "", "media_newest"),
            ("starred", "", "media_starred"),
            ("all", "changed", "media_changed"),
            ("all", "largest", "media_largest"),
            ("all", "name", "media_by_name"),
        ):
            listing = Listing.read(user, {"sort": sort}, shelf, None)
            plan = Keyset(listing.shown, listing.keys, 60).query(False, FIRST[listing.sort])
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            explained = plan.explain()
            assert index in explained and "Sort" not in explained


def test_every_order_in_pages_and_in_the_viewer(client: Any, user: Any) -> None:
    sizes = {"Zebra": 3, "apple": 9, "Mango": 5, "a": 5}
    media = {name: media_of(user, name, bytes=size) for name, size in sizes.items()}
    with rows.as_user(user):
        star_media(user=user, media_ids=[media["apple"].pk], starred=True)
        rename_media(user=user, media_id=media["Zebra"].pk, title="banana")
    orders = {
        "changed": ["Zebra", "apple", "a", "Mango"],
        "largest": ["apple", "a", "Mango", "Zebra"],
        "name": ["a", "apple", "Zebra", "Mango"],
    }
    for sort, names in orders.items():
        assert shown(client, f"/library/?sort={sort}") == names
        assert paged(user, sort) == names
        second = media[names[1]]
        viewer = client.get(f"/library/{second.pk}/?sort={sort}").context["viewer"]
        assert [tile.row.prompt for tile, _url in viewer.strip] == names


def test_only_times_divide_a_list_into_days(client: Any, user: Any) -> None:
    media_of(user, "a castle")
    for sort, count in {"changed": 1, "largest": 0, "name": 0}.items():
        page = client.get(f"/library/?sort={sort}").content.decode()
        assert page.count('class="grid__day"') == count


def paged(user: Any, sort: str) -> list[str]:
    """Return the prompts of a list, read one at a time."""
    found, cursor = [], ""
    with rows.as_user(user):
        while True:
            page, cursor = Listing.read(user, {"sort": sort}, "all", None).page(cursor, 1)
            found += [row.prompt for row in page]
            if not cursor:
                return found


def test_the_viewer_says_how_it_was_made(client: Any, user: Any) -> None:
    parent = media_of(user, "a balloon")
    media = media_of(user, "a castle in the snow", seed=1207, parent=parent)
    child = media_of(user, "a train", parent=media)
    page = client.get(f"/library/{media.pk}/")
    text = page.content.decode()
    for words in ("a castle in the snow", "1207", "64 × 64", "8 · guidance 4", "2.8 s"):
        assert words in text
    family = page.context["viewer"].family
    assert [tile.row.pk for tile, _url in family["parents"]] == [parent.pk]
    assert [tile.row.pk for tile, _url in family["children"]] == [child.pk]


def test_the_viewer_walks_through_the_list_it_was_opened_from(client: Any, user: Any) -> None:
    first, _other, last = (media_of(user, name) for name in ("fox one", "castle", "fox two"))
    page = client.get(f"/library/{last.pk}/?q=fox")
    assert str(first.pk) in page.context["viewer"].next
    assert page.context["viewer"].previous == ""
    assert len(page.context["viewer"].strip) == 2


def test_the_workspace_is_given_all_settings(client: Any, user: Any) -> None:
    media = media_of(user, "a fox & a castle", seed=1207)
    viewer = client.get(f"/library/{media.pk}/").context["viewer"]
    assert viewer.use_prompt == "/workspace/?prompt=a+fox+%26+a+castle"
    for part in ("seed=1207", "preset=starter-fast", "p.steps=8", "shape=64x64"):
        assert part in viewer.use_settings


def test_nobody_reaches_anothers_media(client: Any, stranger: Any, user: Any) -> None:
    media = media_of(user, "a secret castle")
    project = project_of(user)
    for url in (f"/library/{media.pk}/", f"/library/projects/{project.pk}/"):
        assert stranger.get(url).status_code == 404
    assert shown(stranger) == []
    for name in ("move", "star", "delete", "restore"):
        answer = stranger.post(reverse(f"library:{name}"), {"media": str(media.pk)}, **HTMX)
        assert answer.status_code == 404
    for name in ("rename-project", "delete-project", "cover"):
        url = reverse(f"library:{name}", args=[project.pk])
        answer = stranger.post(url, {"name": "x", "media": str(media.pk)}, **HTMX)
        assert answer.status_code == 404
    assert now(media).deleted_at is None
    zipped = stranger.get(reverse("library:download"), {"media": str(media.pk)})
    assert streamed(zipped).namelist() == []


def test_strangers_are_led_to_the_sign_in_page() -> None:
    answer = Client().get("/library/")
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


def test_delete_and_undo(client: Any, user: Any) -> None:
    media = [media_of(user, f"castle {number}") for number in range(3)]
    ids = ",".join(str(one.pk) for one in media[:2])
    answer = client.post(reverse("library:delete"), {"media": ids}, **HTMX)
    assert answer.status_code == 204 and shown(client) == ["castle 2"]
    undo = json.loads(answer["HX-Trigger"])["toast:undo"]
    assert undo["text"] == "2 moved to the bin."
    assert client.post(undo["url"], **HTMX).status_code == 204
    assert len(shown(client)) == 3


def test_star_and_move(client: Any, user: Any) -> None:
    media, project = media_of(user, "castle"), project_of(user)
    ids = {"media": str(media.pk)}
    client.post(reverse("library:star"), {**ids, "starred": "true"}, **HTMX)
    assert shown(client, "/library/starred/") == ["castle"]
    client.post(reverse("library:star"), {**ids, "starred": "false"}, **HTMX)
    assert shown(client, "/library/starred/") == []
    client.post(reverse("library:move"), {**ids, "project": str(project.pk)}, **HTMX)
    assert shown(client, f"/library/projects/{project.pk}/") == ["castle"]
    client.post(reverse("library:move"), {**ids, "name": "Storyboard"}, **HTMX)
    assert str(now(media).project) == "Storyboard"
    client.post(reverse("library:move"), {**ids, "project": ""}, **HTMX)
    assert now(media).project is None


@pytest.mark.parametrize("ids", ["", "nonsense", ",", "01a20000-0000-7000-8000-000000000000"])
def test_an_action_without_media_is_refused(client: Any, ids: str) -> None:
    answer = client.post(reverse("library:delete"), {"media": ids}, **HTMX)
    assert answer.status_code == 404
    assert "no longer in your library" in answer.content.decode()


def test_projects(client: Any, user: Any) -> None:
    answer = client.post(reverse("library:create-project"), {"name": " Forest  tales "}, **HTMX)
    url = answer["HX-Redirect"]
    assert "Forest tales" in client.get(url).content.decode()
    project_id = url.split("/")[3]
    media = media_of(user, "fox", project_id=project_id)
    cover = reverse("library:cover", args=[project_id])
    assert client.post(cover, {"media": str(media.pk)}, **HTMX).status_code == 204
    assert media.thumbnail_url in client.get("/library/shelves").content.decode()
    rename = reverse("library:rename-project", args=[project_id])
    assert client.post(rename, {"name": "   "}, **HTMX).status_code == 422
    assert client.post(rename, {"name": "Robots"}, **HTMX).status_code == 204
    client.post(reverse("library:delete-project", args=[project_id]), **HTMX)
    assert client.get(url).status_code == 404
    assert shown(client) == ["fox"]


def test_several_files_come_as_one_archive(client: Any, user: Any) -> None:
    pictures = [picture_of(user, prompt) for prompt in ("a castle", "a fox")]
    ids = ",".join(str(one.pk) for one in pictures)
    answer = client.get(reverse("library:download"), {"media": ids})
    archive = streamed(answer)
    assert archive.testzip() is None
    assert {name.rsplit("-", 1)[0] for name in archive.namelist()} == {"a-castle", "a-fox"}
    assert Image.open(archive.open(archive.namelist()[0])).size == (64, 64)


def test_references(client: Any, stranger: Any, user: Any) -> None:
    file = io.BytesIO()
    Image.new("RGB", (80, 60), "#3d8bff").save(file, "PNG")
    good = SimpleUploadedFile("fox.png", file.getvalue(), "image/png")
    bad = SimpleUploadedFile("evil.png", b"<script>alert(1)</script>", "image/png")
    answer = client.post(reverse("library:add-references"), {"file": [good, bad]}, **HTMX)
    text = answer.content.decode()
    assert "fox.png" in text and "evil.png" in text and "not a picture" in text
    with rows.as_user(user):
        reference = Reference.objects.get()
    delete = reverse("library:delete-reference", args=[reference.pk])
    assert stranger.post(delete, **HTMX).status_code == 404
    undo = json.loads(client.post(delete, **HTMX)["HX-Trigger"])["toast:undo"]["url"]
    assert "fox.png" not in client.get(reverse("library:references")).content.decode()
    assert client.post(undo, **HTMX).status_code == 204
    assert "fox.png" in client.get(reverse("library:references")).content.decode()


def test_prompts_are_shown_as_text(client: Any, user: Any) -> None:
    media = media_of(user, "<script>alert(1)</script> \"' & 😀" + " long" * 700)
    for url in ("/library/", f"/library/{media.pk}/"):
        assert "<script>alert(1)" not in client.get(url).content.decode()


def test_empty_shelves_teach(client: Any) -> None:
    for url in ("/library/", "/library/starred/", "/library/videos/", "/library/bin/"):
        assert b'class="empty"' in client.get(url).content
    assert "Nothing matches" in client.get("/library/?q=fox").content.decode()
