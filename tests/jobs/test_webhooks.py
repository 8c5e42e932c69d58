"""Webhooks: the outbox that is written with a job's end, what a receiver gets, and what happens
when it does not want it. The receiver is a real HTTPS server. Not for where they may lead: see
test_webhook_guard.py.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from jobs import leases, outcomes
from jobs.leases import Holder
from jobs.models import Job, Webhook, WebhookDelivery
from jobs.services import cancel_job, queue_job
from jobs.specs import JobSpec
from jobs.webhooks import outbox, services, signing
from ourvidz.destinations import Failure, Output
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from tests.jobs.receiver import Receiver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets")]


@pytest.fixture
def receiver(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that this installation allows, trusts and finds by name."""
    made = Receiver(tmp_path)
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    # The name is nobody's; its address is this machine's.
    monkeypatch.setattr(socket, "getaddrinfo", found_at("127.0.0.1"))
    yield made
    made.stop()


def found_at(*addresses: str) -> Callable[..., Any]:
    """Return a `getaddrinfo` that finds these addresses for every name."""

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        family = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in addresses]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (address, port))
            for kind, address in zip(family, addresses, strict=True)
        ]

    return look_up


@pytest.fixture
def webhook(user: User, receiver: Receiver) -> Webhook:
    with as_user(user):
        return services.create_webhook(user=user, url=receiver.url)


def _job(user: User) -> Job:
    spec = JobSpec(prompt="a castle", preset="starter-fast", destination="workspace")
    with as_user(user):
        return queue_job(user=user, spec=spec)[0]


def _cancel(user: User) -> Job:
    job = _job(user)
    with as_user(user):
        cancel_job(user=user, job_id=job.pk)
    return job


def _deliveries() -> list[WebhookDelivery]:
    with as_service("test"):
        return list(WebhookDelivery.objects.order_by("created_at", "id"))


def _due_now() -> None:
    with as_service("test"):
        WebhookDelivery.objects.filter(status="pending").update(next_attempt_at=timezone.now())


def test_the_end_of_a_job_is_told_signed(
    user: User,
    webhook: Webhook,
    receiver: Receiver,
    worker: Holder,
    uploaded: Callable[[Job], Output],
) -> None:
    job = _job(user)
    with as_service("test"):
        claimed = leases.claim_job(worker=worker, queues=["gpu.image"], presets=[])
        assert claimed
        made = outcomes.Made(job_id=job.pk, attempt=1, output=uploaded(job))
        outcomes.finish_jobs(worker=worker, made=[made])
    assert outbox.send_due() == 1
    (got,) = receiver.got
    told = json.loads(got.body)
    assert (told["type"], told["data"]["id"]) == ("job.succeeded", str(job.pk))
    assert told["data"]["urls"]["result"].endswith(f"/api/v1/jobs/{job.pk}/result")
    (delivery,) = _deliveries()
    assert got.headers["webhook-id"] == f"msg_{delivery.pk}"
    assert got.headers["host"] == f"localhost.example:{receiver.port}"
    stamp = int(got.headers["webhook-timestamp"])
    expected = signing.signature(webhook.secret, f"msg_{delivery.pk}", stamp, got.body)
    assert got.headers["webhook-signature"] == expected
    assert (delivery.status, delivery.attempts, delivery.log[0]["status"]) == ("delivered", 1, 204)


def test_failures_and_cancels_are_told_too(
    user: User, webhook: Webhook, receiver: Receiver, worker: Holder
) -> None:
    failing = _job(user)
    with as_service("test"):
        leases.claim_job(worker=worker, queues=["gpu.image"], presets=[])
        failure = Failure(code="out_of_memory")
        which = {"worker": worker, "job_id": failing.pk, "attempt": 1}
        outcomes.fail_job(**which, failure=failure, retryable=False)
    _cancel(user)
    outbox.send_due()
    told = sorted(json.loads(got.body)["type"] for got in receiver.got)
    assert told == ["job.canceled", "job.failed"]
    messages = [json.loads(got.body) for got in receiver.got]
    failed = next(message for message in messages if message["type"] == "job.failed")
    assert failed["data"]["failure"]["code"] == "out_of_memory"


def test_only_what_it_hears_and_only_its_own_person(
    user: User, other_user: User, webhook: Webhook
) -> None:
    with as_user(user):
        services.update_webhook(user=user, webhook_id=webhook.pk, events=["job.succeeded"])
    _cancel(user)
    _cancel(other_user)
    assert not _deliveries()


def test_the_outbox_is_undone_with_the_end(user: User, webhook: Webhook) -> None:
    job = _job(user)
    with as_user(user), pytest.raises(RuntimeError), transaction.atomic():
        cancel_job(user=user, job_id=job.pk)
        raise RuntimeError("something else of this transaction fails")
    assert not _deliveries()


def test_what_is_refused_is_tried_again_until_it_is_taken(
    user: User, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.answers = [500, 503, 200]
    _cancel(user)
    pauses = []
    for _ in range(3):
        outbox.send_due()
        (delivery,) = _deliveries()
        if delivery.next_attempt_at:
            pauses.append((delivery.next_attempt_at - timezone.now()).total_seconds())
        _due_now()
    assert [line["status"] for line in delivery.log] == [500, 503, 200]
    assert delivery.status == "delivered"
    assert 2 < pauses[0] < 7 and 14 < pauses[1] < 25
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1


def test_pauses_grow_and_differ_up_to_a_day() -> None:
    assert len({outbox.pause(3) for _ in range(20)}) > 10
    longest = [5 * 4**n * 1.2 for n in range(6)]
    assert all(outbox.pause(n + 1) <= longest[n] for n in range(6))
    assert outbox.pause(50) <= 4 * 3600 * 1.2


def test_after_a_day_it_is_given_up(user: User, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answers = [500]
    _cancel(user)
    with as_service("test"):
        WebhookDelivery.objects.update(give_up_at=timezone.now() + timedelta(seconds=1))
    outbox.send_due()
    (delivery,) = _deliveries()
    assert (delivery.status, delivery.next_attempt_at) == ("failed", None)
    _due_now()
    assert outbox.send_due() == 0


def test_a_redirect_is_not_followed(user: User, webhook: Webhook, receiver: Receiver) -> None:
    receiver.answers, receiver.location = [302], "https://127.0.0.1:1/inside"
    _cancel(user)
    outbox.send_due()
    (delivery,) = _deliveries()
    assert delivery.log[0]["status"] == 302
    assert (delivery.status, delivery.log[0]["error"]) == ("pending", "webhook_redirect")
    assert len(receiver.got) == 1


def test_one_that_never_answers_costs_its_time_and_no_more(
    user: User, webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.webhooks.sending.TIME_LIMIT", 1.0)
    receiver.answers = [0]
    _cancel(user)
    outbox.send_due()
    (delivery,) = _deliveries()
    assert (delivery.log[0]["status"], delivery.log[0]["error"]) == (None, "webhook_timeout")
    assert delivery.log[0]["seconds"] < 5


def test_a_stranger_to_our_certificates_is_not_told(
    user: User, webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    _cancel(user)
    outbox.send_due()
    assert _deliveries()[0].log[0]["error"] == "webhook_tls"
    assert not receiver.got


def test_an_address_that_is_gone_is_switched_off(
    user: User, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.answers = [410]
    for _ in range(3):
        _cancel(user)
    outbox.send_due()
    with as_service("test"):
        kept = Webhook.objects.get()
    assert (kept.is_active, kept.disabled_reason) == (False, "webhook_gone")
    assert {delivery.status for delivery in _deliveries()} == {"failed"}
    with as_user(user), pytest.raises(Refused, match="switched off"):
        services.send_test(user=user, webhook_id=webhook.pk)


def test_both_secrets_sign_while_they_rotate(
    user: User, webhook: Webhook, receiver: Receiver
) -> None:
    with as_user(user):
        newer = services.rotate_secret(user=user, webhook_id=webhook.pk)
        services.send_test(user=user, webhook_id=webhook.pk)
    outbox.send_due()
    got = receiver.got[0]
    made = (got.headers["webhook-id"], int(got.headers["webhook-timestamp"]), got.body)
    expected = [signing.signature(key, *made) for key in (newer.secret, webhook.secret)]
    assert got.headers["webhook-signature"].split(" ") == expected
    later = timezone.now() + timedelta(hours=25)
    assert outbox._keys(newer, later) == [newer.secret]


def test_a_message_is_sent_again_by_hand_with_its_id(
    user: User, webhook: Webhook, receiver: Receiver
) -> None:
    _cancel(user)
    outbox.send_due()
    (delivery,) = _deliveries()
    with as_user(user):
        services.redeliver(user=user, webhook_id=webhook.pk, delivery_id=delivery.pk)
    assert outbox.send_due() == 1
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [line["status"] for line in _deliveries()[0].log] == [204, 204]


def test_what_is_in_hand_is_taken_by_nobody_else(user: User, webhook: Webhook) -> None:
    _cancel(user)
    assert len(outbox.take_due()) == 1
    assert outbox.take_due() == []
    later = timezone.now() + timedelta(seconds=61)
    assert len(outbox.take_due(now=later)) == 1, "Whoever had it was killed."


def test_one_with_much_to_hear_leaves_room(
    user: User, other_user: User, webhook: Webhook, receiver: Receiver
) -> None:
    for _ in range(5):
        _cancel(user)
    with as_user(other_user):
        services.create_webhook(user=other_user, url=receiver.url)
    _cancel(other_user)
    assert len(outbox.take_due()) == 3, "Two of the first, one of the second."


def test_old_logs_are_forgotten(user: User, webhook: Webhook, receiver: Receiver) -> None:
    _cancel(user)
    outbox.send_due()
    with as_service("test"):
        assert outbox.forget_old() == 0
        assert outbox.forget_old(now=timezone.now() + timedelta(days=31)) == 1


def test_a_person_has_so_many(user: User) -> None:
    with as_user(user):
        for number in range(services.MOST):
            services.create_webhook(user=user, url=f"https://hooks.example.org/{number}")
        with pytest.raises(Refused) as caught:
            services.create_webhook(user=user, url="https://hooks.example.org/more")
    assert caught.value.code == "webhooks_many"


def test_signs_as_the_standard_says() -> None:
    """The example of Standard Webhooks' own libraries."""
    signed = signing.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signing.new_secret().startswith("whsec_")
