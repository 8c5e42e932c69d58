"""The operators' page of models: who sees it, what it says, what its buttons do. Not for fetching:
see test_store.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from jobs.presets import sync_presets
from ourvidz import rows

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def presets(db: None) -> None:
    with rows.as_service("test data"):
        sync_presets()


def test_people_do_not_see_it(user: Any, client_of: Any) -> None:
    page = client_of(user).get(reverse("models"))
    assert page.status_code == 403 and "for operators" in page.content.decode()
    action = reverse("model_action", args=["sdxl-base", "fetch"])
    assert client_of(user).post(action, headers=FRAGMENT).status_code == 403


def test_what_is_not_there_is_not_found(staff: Any, client_of: Any) -> None:
    client = client_of(staff)
    assert client.get(f"{reverse('models')}?model=nope", headers=FRAGMENT).status_code == 404
    action = reverse("model_action", args=["sdxl-base", "bake"])
    assert client.post(action, headers=FRAGMENT).status_code == 404


def test_every_model_stands_there_with_its_licence(staff: Any, client_of: Any) -> None:
    page = client_of(staff).get(reverse("models")).content.decode()
    assert "Part of OurVidz" in page
    assert "stabilityai/stable-diffusion-xl-base-1.0" in page
    assert "Apache-2.0" in page and "no commercial use" in page


def test_a_fetch_is_begun_and_stopped(staff: Any, client_of: Any, empty_redis: None) -> None:
    client = client_of(staff)
    row = client.post(reverse("model_action", args=["sdxl-base", "fetch"]), headers=FRAGMENT)
    assert row.status_code == 200
    assert "<progress" in row.content.decode()
    again = client.post(reverse("model_action", args=["sdxl-base", "fetch"]), headers=FRAGMENT)
    assert again.status_code == 409
    stop = client.post(reverse("model_action", args=["sdxl-base", "stop"]), headers=FRAGMENT)
    assert stop.status_code == 200


def test_what_is_part_of_the_program_is_not_fetched(staff: Any, client_of: Any) -> None:
    action = reverse("model_action", args=["starter-fast", "fetch"])
    answer = client_of(staff).post(action, headers=FRAGMENT)
    assert answer.status_code >= 400
    assert "field__error" in answer.content.decode()


OFFER = "far better pictures"


@pytest.fixture
def reachable(hub: Any) -> None:
    """A hub that answers; nobody has asked it yet."""
    cache.clear()


def offered(client: Any) -> str:
    return client.get(reverse("model_offer"), headers=FRAGMENT).content.decode()


@pytest.mark.usefixtures("reachable", "empty_redis")
def test_while_only_the_starter_is_here_the_smallest_model_is_offered(
    staff: Any, client_of: Any
) -> None:
    text = offered(client_of(staff))
    assert OFFER in text and "SDXS 512" in text
    assert "1.6\xa0GB" in text and "Open RAIL++-M" in text
    assert reverse("model_action", args=["sdxs-512", "fetch"]) in text


@pytest.mark.usefixtures("reachable", "empty_redis")
def test_the_offer_ends_when_something_is_fetched(staff: Any, client_of: Any) -> None:
    client = client_of(staff)
    answer = client.post(reverse("model_action", args=["sdxl-base", "fetch"]))
    assert answer.status_code == 302 and answer["Location"] == reverse("models")
    assert OFFER not in offered(client)


@pytest.mark.usefixtures("empty_redis")
def test_without_a_way_to_the_hub_nothing_is_offered(
    staff: Any, client_of: Any, settings: Any
) -> None:
    cache.clear()
    settings.HF_ENDPOINT = "http://127.0.0.1:9"
    assert offered(client_of(staff)) == ""


def test_people_are_offered_nothing(user: Any, staff: Any, client_of: Any) -> None:
    assert client_of(user).get(reverse("model_offer")).status_code == 403
    address = reverse("model_offer")
    assert address not in client_of(user).get("/workspace/").content.decode()
    assert address in client_of(staff).get("/workspace/").content.decode()
