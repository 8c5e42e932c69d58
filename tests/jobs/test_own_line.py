"""What people do with their waiting jobs: order, pause, change, deadlines; and that other people's
places stay. Not for HTTP: see tests/api/test_line.py.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import leases, outcomes, own_line
from jobs.leases import Holder
from jobs.models import Job, JobStatus
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from workspace.models import WorkspaceItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets")]


def ask(user: User, **changes: Any) -> list[Job]:
    wanted: dict[str, Any] = {"prompt": "a castle", "preset": "starter-fast"}
    with as_user(user):
        return queue_job(user=user, spec=JobSpec(**(wanted | changes)))


def claim(worker: Holder, **more: Any) -> Job | None:
    with as_service("test"):
        return leases.claim_job(worker=worker, queues=["gpu.image"], presets=[], **more)


def all_claims(worker: Holder) -> list[uuid.UUID]:
    found = []
    while job := claim(worker):
        found.append(job.pk)
    return found


def test_a_person_puts_their_jobs_in_another_order(user: User, worker: Holder) -> None:
    a, b, c = (job.pk for job in ask(user, count=3))
    with as_user(user):
        line = own_line.move_job(user=user, job_id=c, before=a)
        assert [job.pk for job in line] == [c, a, b]
        line = own_line.move_job(user=user, job_id=c)
        assert [job.pk for job in line] == [a, b, c]
        own_line.move_job(user=user, job_id=b, before=a)
    assert all_claims(worker) == [b, a, c]


def test_a_job_goes_one_place_on_or_to_an_end(user: User, worker: Holder) -> None:
    a, b, c = (job.pk for job in ask(user, count=3))
    steps = [
        (a, "later", [b, a, c]),
        (c, "earlier", [b, c, a]),
        (a, "first", [a, b, c]),
        (a, "last", [b, c, a]),
        (a, "later", [b, c, a]),
        (b, "earlier", [b, c, a]),
    ]
    with as_user(user):
        for job_id, to, expected in steps:
            line = own_line.shift_job(user=user, job_id=job_id, to=to)
            assert [job.pk for job in line] == expected, to
    assert all_claims(worker) == [b, c, a]


def test_other_peoples_places_stay(user: User, other_user: User, worker: Holder) -> None:
    mine = [job.pk for job in ask(user, count=3)]
    theirs = [job.pk for job in ask(other_user, count=3)]
    with as_user(user):
        own_line.move_job(user=user, job_id=mine[2], before=mine[0])
    order = all_claims(worker)
    assert [order.index(job_id) % 2 for job_id in theirs] == [1, 1, 1]
    assert [job_id for job_id in order if job_id in mine] == [mine[2], mine[0], mine[1]]


def test_a_dear_job_moved_to_the_front_weighs_what_it_costs(
    user: User, other_user: User, worker: Holder
) -> None:
    cheap = [job.pk for job in ask(user, count=2)]
    (dear,) = ask(user, parameters={"steps": 30})
    theirs = [job.pk for job in ask(other_user, count=3)]
    with as_user(user):
        own_line.move_job(user=user, job_id=dear.pk, before=cheap[0])
    order = all_claims(worker)
    assert order[0] == dear.pk
    assert order[1:4] == theirs, "The dear one is paid for before the next of the same person."


def test_anothers_and_running_jobs_are_not_moved(
    user: User, other_user: User, worker: Holder
) -> None:
    (theirs,) = ask(other_user)
    (mine,) = ask(user)
    with as_user(user), pytest.raises(Refused) as caught:
        own_line.move_job(user=user, job_id=theirs.pk)
    assert caught.value.code == "not_found"
    with as_user(user), pytest.raises(Refused) as caught:
        own_line.move_job(user=user, job_id=mine.pk, before=theirs.pk)
    assert caught.value.code == "not_found"
    all_claims(worker)
    with as_user(user), pytest.raises(Refused) as caught:
        own_line.move_job(user=user, job_id=mine.pk)
    assert caught.value.code == "job_not_waiting"


def test_paused_jobs_wait_and_go_on_where_they_stood(user: User, worker: Holder) -> None:
    a, b, c = (job.pk for job in ask(user, count=3))
    with as_user(user):
        assert own_line.pause_jobs(user=user, job_ids=[a, c]) == 2
        assert own_line.pause_jobs(user=user, job_ids=[a]) == 0
    assert claim(worker).pk == b  # type: ignore[union-attr]
    assert claim(worker) is None
    with as_user(user):
        assert own_line.resume_jobs(user=user, job_ids=[c, a]) == 2
    assert all_claims(worker) == [a, c]


def test_paused_jobs_are_put_in_another_order(user: User, worker: Holder) -> None:
    a, b, c, d = (job.pk for job in ask(user, count=4))
    with as_user(user):
        own_line.pause_jobs(user=user, job_ids=[a, b, c])
        assert [job.pk for job in own_line.move_job(user=user, job_id=c, before=a)] == [c, a, b, d]
        line = own_line.shift_job(user=user, job_id=a, to="later")
        assert [job.pk for job in line] == [c, b, a, d]
        line = own_line.shift_job(user=user, job_id=d, to="first")
        assert [job.pk for job in line] == [d, c, b, a]
        own_line.resume_jobs(user=user, job_ids=[a, b, c])
    assert all_claims(worker) == [d, c, b, a]


def test_pausing_saves_nothing_up(user: User, other_user: User, worker: Holder) -> None:
    """Who comes back after a pause stands beside the others, not before them."""
    mine = [job.pk for job in ask(user, count=3)]
    with as_user(user):
        own_line.pause_jobs(user=user, job_ids=mine)
    ask(other_user, count=6)
    for _ in range(3):
        claim(worker)
    with as_user(user):
        own_line.resume_jobs(user=user, job_ids=mine)
    order = all_claims(worker)
    assert max(order.index(job_id) for job_id in mine) >= 3, "They take turns."


def test_a_waiting_job_is_changed_with_its_card(user: User, worker: Holder) -> None:
    (job,) = ask(user, destination="workspace", seed=4)
    with as_user(user):
        changed = own_line.edit_job(
            user=user, job_id=job.pk, prompt="a boat", parameters={"steps": 20}, seed=9
        )
        item = WorkspaceItem.objects.for_user(user).get()
    assert (changed.prompt, changed.seed, changed.parameters["steps"]) == ("a boat", 9, 20)
    assert changed.parameters["width"] == job.parameters["width"]
    assert changed.cost > job.cost
    assert changed.finish_tag == changed.start_tag + changed.cost
    assert (item.prompt, item.seed, item.generation_params["steps"]) == ("a boat", 9, 20)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prompt": " "}, "prompt_empty"),
        ({"parameters": {"width": 1}}, "parameter_range"),
        ({"parameters": {"colour": 1}}, "parameter_unknown"),
        ({"seed": -1}, "seed_range"),
    ],
)
def test_a_change_is_checked_like_a_request(user: User, change: dict[str, Any], code: str) -> None:
    (job,) = ask(user)
    with as_user(user), pytest.raises(Refused) as caught:
        own_line.edit_job(user=user, job_id=job.pk, **change)
    assert caught.value.code == code
    with as_user(user):
        assert Job.objects.for_user(user).get().prompt == "a castle"


def test_what_has_not_started_in_time_is_given_up(user: User, worker: Holder) -> None:
    soon = timezone.now() + timedelta(seconds=60)
    (job,) = ask(user, destination="workspace", start_by=soon)
    with as_service("test"):
        assert outcomes.give_up_late() == 0
    assert claim(worker, now=soon + timedelta(seconds=1)) is None, "Not even before the sweep."
    with as_service("test"):
        assert outcomes.give_up_late(now=soon + timedelta(seconds=1)) == 1
        kept = Job.objects.get(pk=job.pk)
        item = WorkspaceItem.objects.get()
        reasons = list(JobStatus.objects.order_by("created_at").values_list("status", "reason"))
    assert (kept.status, kept.failure_code) == ("failed", "not_started")
    assert item.failure_code == "not_started"
    assert reasons == [("queued", ""), ("failed", "not_started")]


def test_what_has_started_in_time_goes_on(user: User, worker: Holder, settings: Any) -> None:
    settings.JOB_BACKOFF_SECONDS = 0
    soon = timezone.now() + timedelta(seconds=60)
    ask(user, start_by=soon)
    job = claim(worker)
    assert job
    later = soon + timedelta(seconds=100)
    with as_service("test"):
        leases.sweep_leases(now=later)
        assert outcomes.give_up_late(now=later) == 0
    assert claim(worker, now=later), "Its worker went away: that is no lateness of its own."


def test_a_deadline_in_the_past_and_a_strangers_priority_are_refused(user: User) -> None:
    with pytest.raises(Refused) as caught:
        ask(user, start_by=timezone.now() - timedelta(seconds=1))
    assert caught.value.code == "start_by_past"
    with pytest.raises(Refused) as caught:
        ask(user, priority=1)
    assert caught.value.code == "priority_staff"
