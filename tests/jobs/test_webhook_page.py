"""The account's page of webhooks. Not for sending, nor for the rules: see test_webhooks.py."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Webhook, WebhookDelivery
from jobs.webhooks.services import create_webhook
from ourvidz.rows import as_service, as_user

pytestmark = pytest.mark.django_db
PAGE = "/account/webhooks/"
URL = "https://hooks.example.org/ourvidz"


@pytest.fixture
def client(client_of: Callable[[User], Client], user: User) -> Client:
    return client_of(user)


def _webhook(user: User) -> Webhook:
    with as_user(user):
        return create_webhook(user=user, url=URL)


def test_a_webhook_is_made_and_its_secret_shown_once(client: Client) -> None:
    made = client.post(f"{PAGE}new", {"url": URL, "events": ["job.failed"], "description": "Bot"})
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", made.content.decode())
    page = client.get(PAGE).content.decode()
    assert "whsec_" not in page
    assert "Bot" in page and URL in page


def test_a_bad_address_is_refused_beside_its_field(client: Client) -> None:
    answer = client.post(f"{PAGE}new", {"url": "http://a.example/", "events": ["job.failed"]})
    assert answer.status_code == 422
    assert "starts with https://" in answer.content.decode()


def test_it_is_tried_rotated_switched_and_deleted(client: Client, user: User) -> None:
    webhook = _webhook(user)
    act = f"{PAGE}{webhook.pk}/"
    assert client.post(f"{act}test").status_code == 302
    page = client.get(PAGE).content.decode()
    assert "webhook.test" in page and "Pending" in page
    with as_service("test"):
        delivery = WebhookDelivery.objects.get()
    assert client.post(f"{act}deliveries/{delivery.pk}").status_code == 302
    assert "whsec_" in client.post(f"{act}rotate").content.decode()
    assert client.post(f"{act}off").status_code == 302
    assert client.post(f"{act}test").status_code == 409
    assert client.post(f"{act}on").status_code == 302
    assert client.post(f"{act}nothing").status_code == 404
    assert client.post(f"{act}delete").status_code == 302
    assert URL not in client.get(PAGE).content.decode()


def test_anothers_is_not_there(client: Client, other_user: User) -> None:
    webhook = _webhook(other_user)
    assert URL not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}{webhook.pk}/delete").status_code == 404
    assert Client().get(PAGE).status_code == 302


def test_one_that_is_off_offers_nothing_to_send_and_what_was_done_leads_back(
    client: Client, user: User
) -> None:
    webhook = _webhook(user)
    act = f"{PAGE}{webhook.pk}/"
    assert client.post(f"{act}test")["Location"] == f"{PAGE}#webhook-{webhook.pk}"
    assert "Send again" in client.get(PAGE).content.decode()
    client.post(f"{act}off")
    assert "Send again" not in client.get(PAGE).content.decode()


def test_who_only_looks_at_a_forms_address_is_sent_to_its_page(client: Client, user: User) -> None:
    webhook = _webhook(user)
    for address in (f"{PAGE}new", f"{PAGE}{webhook.pk}/rotate"):
        assert client.get(address)["Location"] == PAGE
    assert client.get("/account/tokens")["Location"] == "/account/"
    assert client.put(f"{PAGE}new").status_code == 405
