"""Where people stand in the line: places, seconds, counts, and when they are told. Not for how it
reaches a page: see tests/realtime.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import places
from jobs.models import Job, Preset
from ourvidz import events, live
from ourvidz.rows import as_service
from workers.models import WorkerUrl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets", "empty_redis")]


def job(user: User, tag: float, cost: float = 10.0, **fields: Any) -> str:
    """Put a job into the line."""
    wanted: dict[str, Any] = {
        "preset_slug": "starter-fast",
        "content_type": "image",
        "quality": "fast",
        "job_type": "x",
        "bucket_name": "x",
        "queue": "gpu.image",
        "prompt": "a castle",
        "seed": 1,
    }
    with as_service("test data"):
        made = Job.objects.create(user=user, cost=cost, start_tag=tag, **(wanted | fields))
    return str(made.pk)


def running(user: User, *, cost: float, elapsed: float, **fields: Any) -> str:
    now = timezone.now()
    started = now - timedelta(seconds=elapsed)
    return job(user, 0, cost, status="running", started_at=started, lease_expires_at=now, **fields)


def worker(name: str, *queues: str, status: str = "active") -> None:
    with as_service("test data"):
        WorkerUrl.objects.create(name=name, token_digest=name, queues=queues, status=status)


@pytest.fixture
def videos(presets: None) -> None:
    """A preset with a queue of its own."""
    with as_service("test data"):
        preset = Preset.objects.first()
        assert preset is not None
        preset.pk, preset.slug, preset.queue = uuid4(), "video", "gpu.video"
        preset.save(force_insert=True)


def look(*people: User) -> dict[Any, dict[str, Any]]:
    with as_service("test"):
        return places.places([person.pk for person in people])


def test_everybody_hears_their_own_places(user: User, other_user: User) -> None:
    worker("gpu-1", "gpu.image")
    first, second, third = job(user, 1), job(other_user, 2), job(user, 3)
    told = look(user, other_user)
    assert told[user.pk] == {
        "running": 0,
        "waiting": 2,
        "paused": 0,
        "ready_in": 30.0,
        "places": {
            first: {"place": 1, "start": 0.0, "seconds": 10.0},
            third: {"place": 3, "start": 20.0, "seconds": 30.0},
        },
    }
    assert told[other_user.pk]["places"] == {second: {"place": 2, "start": 10.0, "seconds": 20.0}}
    for fields in told.values():
        events.check_moment("queue.places", fields)


def test_only_people_who_wait_are_told(user: User, other_user: User) -> None:
    job(user, 1)
    job(other_user, 2, status="succeeded")
    assert set(look(user, other_user)) == {user.pk}
    assert look(other_user) == {}


def test_staff_priority_goes_first(user: User, staff: User) -> None:
    worker("gpu-1", "gpu.image")
    job(user, 1)
    urgent = job(staff, 2, priority=1)
    assert look(staff)[staff.pk]["places"][urgent]["place"] == 1


def test_queues_that_share_a_worker_are_one_line(user: User, videos: None) -> None:
    worker("gpu-1", "gpu.image", "gpu.video")
    worker("gpu-2", "gpu.image")
    video = job(user, 1, 60.0, queue="gpu.video")
    image = job(user, 2, 10.0)
    assert look(user)[user.pk]["places"] == {
        video: {"place": 1, "start": 0.0, "seconds": 60.0},
        image: {"place": 2, "start": 0.0, "seconds": 10.0},
    }


def test_queues_apart_are_lines_apart(user: User, videos: None) -> None:
    worker("gpu-1", "gpu.image")
    worker("gpu-2", "gpu.video")
    video = job(user, 1, 60.0, queue="gpu.video")
    image = job(user, 2, 10.0)
    told = look(user)[user.pk]
    assert (told["places"][video]["place"], told["places"][image]["place"]) == (1, 1)
    assert told["ready_in"] == 60.0


def test_running_jobs_come_before(user: User, other_user: User) -> None:
    worker("gpu-1", "gpu.image")
    running(other_user, cost=1000.0, elapsed=400.0)
    mine = job(user, 1)
    assert look(user)[user.pk]["places"][mine]["seconds"] == pytest.approx(610.0, abs=60.0)


def test_loading_a_model_counts_where_another_is_loaded(user: User) -> None:
    worker("gpu-1", "gpu.image")
    with as_service("test data"):
        WorkerUrl.objects.update(loaded_preset="starter-fast")
        Preset.objects.filter(slug="starter-high").update(measured_load_seconds=7.0)
    first = job(user, 1)
    second = job(user, 2, preset_slug="starter-high")
    third = job(user, 3, preset_slug="starter-high")
    found = look(user)[user.pk]["places"]
    assert [found[one]["seconds"] for one in (first, second, third)] == [10.0, 27.0, 37.0]


def test_a_worker_loads_what_is_next_when_it_is_free(user: User) -> None:
    worker("gpu-1", "gpu.image")
    worker("gpu-2", "gpu.image")
    with as_service("test data"):
        WorkerUrl.objects.filter(name="gpu-2").update(loaded_preset="starter-fast")
        Preset.objects.filter(slug="starter-fast").update(measured_load_seconds=30.0)
    first, second, third = (job(user, tag) for tag in (1, 2, 3))
    found = look(user)[user.pk]["places"]
    assert [found[one]["seconds"] for one in (first, second, third)] == [40.0, 10.0, 20.0]


def test_steps_tell_more_than_what_was_expected(user: User) -> None:
    worker("gpu-1", "gpu.image")
    mine = running(user, cost=1.0, elapsed=2000.0)
    live.set_progress(mine, step=10, of=30)
    told = look(user)[user.pk]
    assert (told["running"], told["waiting"], told["places"]) == (1, 0, {})
    assert told["ready_in"] == pytest.approx(4000.0, abs=200.0)


def test_without_workers_nobody_can_say_when(user: User) -> None:
    worker("gpu-1", "gpu.image", status="gone")
    mine = job(user, 1)
    told = look(user)[user.pk]
    assert told["places"] == {mine: {"place": 1}}
    assert told["ready_in"] is None


def test_a_long_line_is_counted_but_not_walked(user: User, monkeypatch: Any) -> None:
    worker("gpu-1", "gpu.image")
    for tag in range(6):
        job(user, tag)
    monkeypatch.setattr(places, "PLACES_LIMIT", 2)
    told = look(user)[user.pk]
    assert (told["waiting"], len(told["places"]), told["ready_in"]) == (6, 2, 60.0)
    monkeypatch.setattr(places, "LINE", places.LINE.replace("LIMIT 5000", "LIMIT 4"))
    monkeypatch.setattr(places, "LINE_LIMIT", 4)
    told = look(user)[user.pk]
    assert (told["waiting"], told["ready_in"]) == (6, None)


def test_the_end_of_waiting_is_told_once(user: User) -> None:
    tell = places.Places()
    mine = job(user, 1)
    with as_service("test"):
        assert tell([user.pk])[user.pk]["waiting"] == 1
        Job.objects.filter(pk=mine).update(status="canceled")
        assert tell([user.pk])[user.pk]["waiting"] == 0
        assert tell([user.pk]) == {}


def test_what_is_paused_is_told_but_has_no_place(user: User, other_user: User) -> None:
    worker("gpu-1", "gpu.image")
    job(user, 1, paused_at=timezone.now())
    job(other_user, 2, paused_at=timezone.now())
    told = look(user)
    assert set(told) == {user.pk}
    counts = [told[user.pk][name] for name in ("running", "waiting", "paused", "ready_in")]
    assert counts == [0, 0, 1, 0.0]
    assert told[user.pk]["places"] == {}


def test_many_people_cost_no_more_queries(
    user: User, other_user: User, staff: User, django_assert_num_queries: Any
) -> None:
    for tag, person in enumerate((user, other_user, staff)):
        job(person, tag)
    with as_service("test"), django_assert_num_queries(5):
        places.places([user.pk, other_user.pk, staff.pk])
