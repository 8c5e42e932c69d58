"""What came to nothing is tried again in its place, alone or all of a row, as service and as view.
Not for one item's regenerating: see test_items.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs import own_line
from jobs.models import Job
from jobs.presets import sync_presets
from jobs.services import cancel_batch, cancel_job, queue_job
from jobs.specs import JobSpec
from ourvidz import rows
from ourvidz.errors import Refused
from workspace import services
from workspace.models import WorkspaceItem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def presets(db: None) -> None:
    with rows.as_service("test data"):
        sync_presets()


def queued(user: User, count: int, **more: Any) -> list[Job]:
    spec = JobSpec(
        prompt="a fox", preset="starter-fast", destination="workspace", seed=20, count=count, **more
    )
    return queue_job(user=user, spec=spec)


def retried(user: User, jobs: list[Job]) -> list[Job]:
    return services.retry_batch(user=user, batch_id=jobs[0].batch_id)


def test_what_clearing_canceled_comes_again_as_one_row_with_its_seeds(user: User) -> None:
    with rows.as_user(user):
        jobs = queued(user, 4)
        session_id = jobs[0].workspace_session_id
        services.clear_workspace_session(user=user, session_id=session_id)
        services.restore_session(user=user, session_id=session_id)
        again = retried(user, jobs)
        present = set(WorkspaceItem.objects.for_user(user).present().values_list("job", flat=True))
    assert [job.seed for job in again] == [20, 21, 22, 23]
    assert len({job.batch_id for job in again}) == 1
    assert {job.workspace_session_id for job in again} == {session_id}
    assert present == {job.pk for job in again}  # in place of what was canceled


@pytest.mark.parametrize("parent_stays", [True, False])
def test_what_comes_was_made_from_what_the_failed_one_was_made_from(
    user: User, parent_stays: bool
) -> None:
    with rows.as_user(user):
        source = WorkspaceItem.objects.for_user(user).get(job=queued(user, 1)[0])
        [job] = queued(user, 1, parent_id=source.pk, relation="variation")
        cancel_job(user=user, job_id=job.pk)
        if not parent_stays:
            services.delete_item(user=user, item_id=source.pk)
        item = WorkspaceItem.objects.for_user(user).get(job=job)
        [again] = services.retry_item(user=user, item_id=item.pk)
        item.refresh_from_db()
        services.restore_item(user=user, item_id=item.pk)  # there is a way back
    assert again.seed == job.seed and item.deleted_at
    assert (again.parent_id, again.relation) == (
        (source.pk, "variation") if parent_stays else (None, "")
    )


def test_only_what_failed_is_tried_again(user: User) -> None:
    with rows.as_user(user):
        [job] = queued(user, 1)
        item = WorkspaceItem.objects.for_user(user).get(job=job)
        with pytest.raises(Refused) as caught:
            services.retry_item(user=user, item_id=item.pk)
    assert caught.value.code == "nothing_to_retry"


def test_only_what_came_to_nothing_is_tried_and_a_gap_makes_two_rows(user: User) -> None:
    with rows.as_user(user):
        jobs = queued(user, 4)
        for job in (jobs[0], jobs[2], jobs[3]):
            cancel_job(user=user, job_id=job.pk)
        again = retried(user, jobs)
    assert [job.seed for job in again] == [20, 22, 23]
    assert len({job.batch_id for job in again}) == 2


def test_one_that_was_given_other_words_keeps_them(user: User) -> None:
    with rows.as_user(user):
        jobs = queued(user, 2)
        own_line.edit_job(user=user, job_id=jobs[1].pk, prompt="a boat")
        cancel_batch(user=user, batch_id=jobs[0].batch_id)
        again = retried(user, jobs)
    assert [(job.prompt, job.seed) for job in again] == [("a fox", 20), ("a boat", 21)]


def test_variations_stay_what_they_were(user: User) -> None:
    with rows.as_user(user):
        jobs = queued(user, 3, parameters={"variation_seed": 5, "variation_strength": 0.3})
        cancel_batch(user=user, batch_id=jobs[0].batch_id)
        again = retried(user, jobs)
    assert [(job.seed, job.parameters) for job in again] == [
        (job.seed, job.parameters) for job in jobs
    ]
    assert len({job.batch_id for job in again}) == 1


def test_too_many_are_refused_and_none_is_queued(user: User, settings: Any) -> None:
    settings.JOBS_WAITING_PER_USER = 4
    with rows.as_user(user):
        jobs = queued(user, 4)
        for job in (jobs[0], jobs[2], jobs[3]):
            cancel_job(user=user, job_id=job.pk)
        queued(user, 1)
        with pytest.raises(Refused) as caught:
            retried(user, jobs)
        assert Job.objects.for_user(user).unfinished().count() == 2
    assert caught.value.code == "quota_waiting"


def test_a_row_without_failures_and_that_of_others_have_nothing_to_try(
    user: User, other_user: User
) -> None:
    with rows.as_user(user):
        jobs = queued(user, 2)
        with pytest.raises(Refused) as caught:
            retried(user, jobs)
        cancel_batch(user=user, batch_id=jobs[0].batch_id)
    assert caught.value.code == "nothing_to_retry"
    with rows.as_user(other_user), pytest.raises(Refused):
        retried(other_user, jobs)


def test_the_row_offers_it_and_the_answer_is_the_new_row(
    user: User, client_of: Callable[[User], Client]
) -> None:
    with rows.as_user(user):
        jobs = queued(user, 3)
        cancel_job(user=user, job_id=jobs[0].pk)
    client, batch_id = client_of(user), jobs[0].batch_id
    address = f"/workspace/{jobs[0].workspace_session_id}/batches?batch={batch_id}"
    hidden = rb"data-again[^>]*\shidden>"
    assert matches(hidden, client.get(address).content)
    with rows.as_user(user):
        cancel_batch(user=user, batch_id=batch_id)
    assert not matches(hidden, client.get(address).content)
    answer = client.post(f"/workspace/batches/{batch_id}/retry", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.content.count(b"<item-card ") == 3
    assert str(batch_id).encode() not in answer.content
    nothing = client.post(f"/workspace/batches/{uuid.uuid4()}/retry")
    assert nothing.status_code == 409


def matches(pattern: bytes, text: bytes) -> bool:
    return re.search(pattern, text) is not None
