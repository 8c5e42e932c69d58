"""Webhooks in the API. Not for sending: tests/jobs does that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from jobs.models import Webhook
from ourvidz.models import uuid7
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_job, make_webhook

URL = "https://hooks.example.org/ourvidz"


def test_is_made_and_its_secret_shown_once(api: Api) -> None:
    made = api.post("webhooks", {"url": URL, "events": ["job.failed"]})
    assert made.status_code == 201
    body = made.json()
    assert body["secret"].startswith("whsec_")
    assert "secret" not in api.get(f"webhooks/{body['id']}").json()
    assert "secret" not in api.get("webhooks").json()["results"][0]
    assert body["events"] == ["job.failed"]


def test_without_events_it_hears_all(api: Api) -> None:
    assert len(api.post("webhooks", {"url": URL}).json()["events"]) == 3


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"url": "http://hooks.example.org/"}, 422, "webhook_url"),
        ({"url": "https://10.0.0.1/"}, 422, "webhook_private"),
        ({"url": URL, "events": ["job.lost"]}, 400, "invalid"),
        ({"url": URL, "description": "a" * 121}, 400, "invalid"),
    ],
)
def test_refuses(body: Any, status: int, code: str, api: Api) -> None:
    assert is_problem(api.post("webhooks", body), status, code)


def test_is_changed_rotated_and_deleted(api: Api, user: User) -> None:
    webhook = make_webhook(user)
    path = f"webhooks/{webhook.pk}"
    changed = api.patch(path, {"is_active": False, "description": "The bot"}).json()
    assert (changed["is_active"], changed["description"]) == (False, "The bot")
    assert is_problem(api.post(f"{path}/test"), 409, "webhook_off")
    api.patch(path, {"is_active": True})
    rotated = api.post(f"{path}/rotate").json()
    assert rotated["secret"] != webhook.secret and rotated["previous_until"]
    assert api.delete(path).status_code == 204
    assert is_problem(api.get(path), 404)


def test_tells_what_was_told(api: Api, user: User) -> None:
    webhook = make_webhook(user)
    job = make_job(user)
    api.post(f"jobs/{job.pk}/cancel")
    tried = api.post(f"webhooks/{webhook.pk}/test")
    assert (tried.status_code, tried.json()["event"]) == (202, "webhook.test")
    told = api.get(f"webhooks/{webhook.pk}/deliveries").json()["results"]
    assert [one["event"] for one in told] == ["webhook.test", "job.canceled"]
    assert told[1]["payload"]["data"]["id"] == str(job.pk)
    path = f"webhooks/{webhook.pk}/deliveries/{told[1]['id']}/redeliver"
    assert api.post(path).json()["status"] == "pending"


def test_anothers_are_not_there(api: Api, api_of: Callable[[User], Api], other_user: User) -> None:
    webhook = make_webhook(other_user)
    path = f"webhooks/{webhook.pk}"
    delivery = api_of(other_user).post(f"{path}/test").json()["id"]
    for answer in (
        api.get(path),
        api.patch(path, {"is_active": False}),
        api.delete(path),
        api.post(f"{path}/rotate"),
        api.post(f"{path}/test"),
        api.get(f"{path}/deliveries"),
        api.post(f"{path}/deliveries/{delivery}/redeliver"),
        api.get(f"webhooks/{uuid7()}"),
    ):
        assert is_problem(answer, 404)
    with as_service("test"):
        assert Webhook.objects.get().is_active
