"""The operators' page of workers: who sees it, what it says, what its buttons do. Not for how it
changes while one looks: tests/browser has that.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ourvidz.models import uuid7

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


def test_people_do_not_see_it(user: Any, client_of: Any, hand: Any) -> None:
    client = client_of(user)
    page = client.get(reverse("workers"), headers={"Accept": "text/html"})
    assert page.status_code == 403 and "header__nav" in page.content.decode()
    assert client.get(reverse("worker", args=[hand.row().pk])).status_code == 403
    assert client.post(reverse("worker_action", args=[hand.row().pk, "disable"])).status_code == 403
    assert hand.row().status == "active"


def test_every_worker_stands_there_as_it_is(
    staff: Any, client_of: Any, hand: Any, preset: Any, queue: Any, png: bytes
) -> None:
    queue(count=2)
    job = hand.claim()
    hand.upload(job, png)
    hand.succeed(job, png)
    hand.claim()
    text = " ".join(client_of(staff).get(reverse("workers")).content.decode().split())
    assert "Active" in text and "1 job," in text and "gpu.image" in text
    assert "tiny" in text, "What it has in hand."
    assert "a castle in the snow" not in text, "What people ask for is theirs."


def test_its_own_page_tells_its_history(
    staff: Any, client_of: Any, hand: Any, preset: Any, queue: Any
) -> None:
    queue()
    hand.fail(hand.claim(), "engine_error", detail="it broke")
    page = client_of(staff).get(reverse("worker", args=[hand.row().pk])).content.decode()
    assert "it started" in page and "engine_error" in page
    assert client_of(staff).get(reverse("worker", args=[uuid7()])).status_code == 404


def test_buttons_drain_disable_and_enable(staff: Any, client_of: Any, hand: Any) -> None:
    client = client_of(staff)
    for action, status in (("drain", "draining"), ("enable", "active"), ("disable", "disabled")):
        url = reverse("worker_action", args=[hand.row().pk, action])
        row = client.post(url, headers=FRAGMENT)
        assert (row.status_code, hand.row().status) == (200, status)
        assert f'data-status="{status}"' in row.content.decode()
    assert hand.post("claim", {"queues": ["gpu.image"]}).status_code == 403
    bake = reverse("worker_action", args=[hand.row().pk, "bake"])
    assert client.post(bake, headers=FRAGMENT).status_code == 404


def test_it_works_without_scripts(staff: Any, client_of: Any, hand: Any) -> None:
    answer = client_of(staff).post(reverse("worker_action", args=[hand.row().pk, "drain"]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("workers"))


def test_many_take_as_many_queries_as_one(
    staff: Any, client_of: Any, hand: Any, new_hand: Any
) -> None:
    client = client_of(staff)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("workers"))
        return len(found)

    queries()
    one = queries()
    new_hand("two")
    new_hand("three")
    assert queries() == one
