"""Who is heard before anybody is counted as lost, after an outage and in ordinary times; and what a
worker may go on doing while Redis is away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest
from django.conf import settings
from django.utils import timezone
from dramatiq.brokers.redis import RedisBroker

from jobs.models import Job
from jobs.services import cancel_job
from ourvidz import live
from ourvidz.rows import as_service, as_user
from workers import outages

START = datetime(2026, 11, 25, tzinfo=UTC)
ROUND = outages.ROUND


def judged(begin: datetime, rounds: int) -> list[bool]:
    """What each of so many rounds, five seconds apart, may do."""
    return [outages.may_judge("test", begin + number * ROUND) for number in range(rounds)]


def test_after_an_outage_everybody_is_heard_first(empty_redis: None) -> None:
    assert judged(START, 8) == [False] * 4 + [True] * 4
    assert judged(START + 8 * ROUND, 3) == [True] * 3
    later = START + timedelta(minutes=5)
    assert judged(later, 6) == [False] * 4 + [True] * 2


def test_one_sweep_knows_nothing_of_another(empty_redis: None) -> None:
    judged(START, 8)
    assert not outages.may_judge("other", START + 8 * ROUND)


@pytest.fixture
def no_redis(tmp_path: Any, settings: Any) -> Iterator[None]:
    """A Redis that is away, for this process."""
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    live.redis.cache_clear()
    yield
    live.redis.cache_clear()


def test_a_heartbeat_keeps_the_lease_while_redis_is_away(
    own_database: str, hand: Any, preset: Any, queue: Any, fresh: Any, no_redis: None
) -> None:
    [job] = queue()
    claimed = hand.claim()
    soon = timezone.now() + timedelta(seconds=1)
    with as_service("test"):
        Job.objects.update(lease_expires_at=soon)
    beat = {"status": "busy", "current_job_id": claimed["id"]}
    assert hand.post("heartbeat", beat).json() == {"drain": False, "cancel": []}
    assert fresh(job).lease_expires_at > soon


def test_a_result_is_taken_while_redis_is_away(
    own_database: str,
    hand: Any,
    preset: Any,
    queue: Any,
    fresh: Any,
    png: bytes,
    no_redis: None,
) -> None:
    [job] = queue()
    claimed = hand.claim()
    hand.upload(claimed, png)
    assert hand.succeed(claimed, png).json()["accepted"]
    assert fresh(job).status == "succeeded"


def test_a_job_is_queued_and_canceled_while_redis_is_away(
    own_database: str, preset: Any, queue: Any, fresh: Any, user: Any, no_redis: None
) -> None:
    """What was written down is no error for the person, whoever could not be told of it."""
    broker = dramatiq.get_broker()
    away = RedisBroker(url=settings.REDIS_URL, namespace="away", middleware=[])
    dramatiq.set_broker(away)
    try:
        [job] = queue()
    finally:
        dramatiq.set_broker(broker)
    assert fresh(job).status == "queued"
    with as_user(user):
        assert cancel_job(user=user, job_id=job.pk) == "canceled"
    assert fresh(job).status == "canceled"
