"""What is made of a picture with one click, and where the dock's pictures come from. Not for what
scripts do in the page: see tests/browser.
"""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from jobs.models import Preset
from ourvidz import rows
from ourvidz.errors import Refused
from tests.workspace.test_items import made_item, presets  # noqa: F401
from workspace import making, services

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def client(user: User, client_of: Any) -> Client:
    return client_of(user)


def make(user: User, item: Any, act: str) -> list[Any]:
    with rows.as_user(user):
        room = services.active_session(user)
        return making.make_from(user=user, source_id=item.pk, act_name=act, session_id=room.pk)


@pytest.mark.parametrize(("act", "strength"), [("vary-subtle", 0.15), ("vary-strong", 0.45)])
def test_variations_keep_the_seed(user: User, act: str, strength: float) -> None:
    item = made_item(user)
    jobs = make(user, item, act)
    assert len(jobs) == making.VARIATIONS[making.IMAGE]
    assert {job.seed for job in jobs} == {7}
    assert {job.parameters["variation_strength"] for job in jobs} == {strength}
    assert len({job.parameters["variation_seed"] for job in jobs}) == len(jobs)
    assert {(job.parent_id, job.relation) for job in jobs} == {(item.pk, "variation")}


def test_a_video_is_made_of_a_picture(user: User) -> None:
    with rows.as_service("test data"):
        Preset.objects.filter(slug="starter-video").update(is_installed=True)
    item = made_item(user)
    with rows.as_user(user):
        type(item).objects.filter(pk=item.pk).update(mime_type="image/png")
    (job,) = make(user, item, "animate")
    assert (job.content_type, job.relation, job.parent_id) == ("video", "animate", item.pk)
    assert [(one["id"], one["role"]) for one in job.references] == [(str(item.pk), "image")]


@pytest.mark.parametrize(
    ("act", "relation", "roles", "count"),
    [
        ("continue", "continue", ["video"], 1),
        ("upscale-video-2", "upscale", ["video"], 1),
        ("vary-video-subtle", "variation", [], 2),
        ("vary-video-strong", "variation", [], 2),
    ],
)
def test_of_a_video_a_video_is_made(
    user: User, act: str, relation: str, roles: list[str], count: int
) -> None:
    item = made_item(user)
    video = {"content_type": "video", "mime_type": "video/mp4", "model_type": "starter-video"}
    with rows.as_user(user):
        type(item).objects.filter(pk=item.pk).update(**video)
    jobs = make(user, item, act)
    assert {(job.content_type, job.relation, job.parent_id) for job in jobs} == {
        ("video", relation, item.pk)
    }
    assert [[one["role"] for one in job.references] for job in jobs] == [roles] * count
    offered = {each.name: each.kind for each in making.acts_of(Preset.objects.all())}
    assert offered[act] == "video"


def test_what_no_model_can_do_is_not_offered_and_refused(user: User) -> None:
    with rows.as_service("test data"):
        Preset.objects.exclude(slug="starter-fast").update(is_enabled=False)
    item = made_item(user)
    names = {act.name for act in making.acts_of(Preset.objects.all())}
    assert names == {"vary-subtle", "vary-strong"}
    with pytest.raises(Refused, match="No model"):
        make(user, item, "animate")


@pytest.mark.parametrize("act", ["vary-subtle", "paint it black"])
def test_another_persons_picture_is_nothing_to_start_from(
    user: User, other_user: User, act: str
) -> None:
    theirs = made_item(other_user)
    with pytest.raises(Refused, match="gone"):
        make(user, theirs, act)


def test_the_page_answers_with_the_new_row(user: User, client: Client) -> None:
    item = made_item(user)
    asked = {"source": str(item.pk), "act": "vary-subtle"}
    answer = client.post(reverse("workspace:make"), asked, headers=FRAGMENT)
    assert answer.status_code == 200
    assert answer.content.decode().count("<item-card") == making.VARIATIONS[making.IMAGE]


def test_a_source_that_is_no_id_is_refused(client: Client) -> None:
    asked = {"source": "x", "act": "vary-subtle"}
    assert client.post(reverse("workspace:make"), asked, headers=FRAGMENT).status_code == 404


def test_the_picker_shows_ones_own_pictures(user: User, other_user: User, client: Client) -> None:
    mine, theirs = made_item(user), made_item(other_user)
    for item in (mine, theirs):
        with rows.as_user(item.user_id):
            type(item).objects.filter(pk=item.pk).update(url=f"/media/{item.pk}/original")
    page = client.get(reverse("workspace:picker"), headers=FRAGMENT).content.decode()
    assert str(mine.pk) in page and str(theirs.pk) not in page


def test_an_uploaded_picture_can_be_started_from(client: Client) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    file.name, _ = "sea.png", file.seek(0)
    answer = client.post(reverse("workspace:add-reference"), {"file": file}, headers=FRAGMENT)
    given = answer.json()
    assert (given["name"], given["role"]) == ("sea.png", "image")
    assert uuid.UUID(given["id"])


def test_what_is_no_picture_is_refused_with_words(client: Client) -> None:
    file = io.BytesIO(b"a text that calls itself a picture")
    file.name = "sea.png"
    answer = client.post(reverse("workspace:add-reference"), {"file": file}, headers=FRAGMENT)
    assert answer.status_code in (415, 422)
    assert "field__error" in answer.content.decode()


def test_the_library_offers_it_too(user: User, client: Client) -> None:
    item = made_item(user)
    with rows.as_user(user):
        media = services.save_workspace_item_to_library(user=user, item_id=item.pk)
    page = client.get(reverse("library:viewer", args=[media.pk])).content.decode()
    assert "Vary a little" in page
    answer = client.post(reverse("workspace:make"), {"source": str(media.pk), "act": "vary-subtle"})
    assert answer.status_code == 302
