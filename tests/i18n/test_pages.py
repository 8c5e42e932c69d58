"""Pages in another language: whose choice counts, and that no English is left on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from accounts.models import Profile
from accounts.services import create_account, one_time_link
from jobs.presets import sync_presets
from library.services import create_project
from ourvidz import catalogue, rows
from ourvidz.errors import Refused
from ourvidz.words_for_scripts import WORDS
from tests.i18n.test_catalogue import Shown, forms
from tests.library.factories import media_of

pytestmark = pytest.mark.django_db
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.8"}
STRANGERS = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/inactive/",
)
OWN = (
    "/workspace/",
    "/workspace/bin/",
    "/library/",
    "/library/starred/",
    "/library/videos/",
    "/library/bin/",
    "/library/references/",
    "/library/{media}/",
    "/library/projects/{project}/",
    "/account/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/account/webhooks/",
    "/models/",
    "/workers/",
    "/nothing/",
)


def english() -> set[str]:
    """Return the strings that read otherwise in German, and are no German word of their own."""
    kept = [each for each in catalogue.stored("de") if each.id]
    german = {text for each in kept for text in forms(each.string)}
    return {text for each in kept for text in forms(each.id) if "%" not in text} - german


def assert_german(response: Any) -> None:
    html = response.content.decode()
    assert '<html lang="de"' in html
    left = english() & set(Shown(html).texts)
    assert not left, left


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A request leaves its language to whoever comes next in this thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def person(staff: Any) -> Any:
    """An operator, who sees every page, and reads German."""
    with rows.as_service("test data"):
        sync_presets()
        Profile.objects.filter(pk=staff.pk).update(language="de")
    return staff


@pytest.fixture
def places(person: Any) -> dict[str, Any]:
    media = media_of(person, "a fox at night")
    with rows.as_user(person):
        project = create_project(user=person, name="Waldgeschichten")
    return {"media": media.pk, "project": project.pk}


@pytest.mark.parametrize("url", STRANGERS)
def test_a_stranger_is_answered_in_the_browsers_language(url: str, database: None) -> None:
    response = Client().get(url, **GERMAN)
    assert_german(response)
    assert response["Content-Language"] == "de"
    assert '<html lang="en"' in Client().get(url).content.decode()


@pytest.mark.parametrize("url", OWN)
def test_pages_follow_the_profile(
    url: str, person: Any, places: dict[str, Any], client_of: Any
) -> None:
    response = client_of(person).get(url.format(**places), HTTP_ACCEPT_LANGUAGE="en")
    assert_german(response)
    assert response["Content-Language"] == "de"


def test_the_choice_is_kept_and_outlives_the_session(user: Any, client_of: Any) -> None:
    client = client_of(user)
    assert '<html lang="en"' in client.get("/account/").content.decode()
    fields = {"time_zone": "UTC", "theme": "system", "display_name": ""}
    client.post("/account/profile", {**fields, "language": "de"})
    assert_german(client.get("/account/"))
    client.post("/accounts/logout/")
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "de"
    assert_german(client.get("/accounts/login/", HTTP_ACCEPT_LANGUAGE="en"))


def test_the_first_visit_by_a_link_decides(database: None) -> None:
    with rows.as_service("test data"):
        operator = create_account(email="first@example.org", is_staff=True)
        link = one_time_link(user=operator)
    client = Client()
    client.get(link, **GERMAN)
    assert_german(client.get("/account/", HTTP_ACCEPT_LANGUAGE="en"))


def test_each_language_is_called_by_its_own_name(user: Any, client_of: Any) -> None:
    page = client_of(user).get("/account/").content.decode()
    assert "Deutsch</option>" in page and "English</option>" in page


def test_the_api_speaks_the_requests_language(user: Any, client_of: Any) -> None:
    answer = client_of(user).get("/api/v1/media?cursor=nothing", **GERMAN).json()
    assert "Liste" in answer["detail"]


def test_scripts_and_refusals_are_translated() -> None:
    with translation.override("de"):
        assert str(WORDS["undo"]) == "Rückgängig"
        assert str(Refused("prompt_empty")) == "Bitte zuerst einen Prompt schreiben."
    assert str(Refused("prompt_empty")) == "Write a prompt first."
