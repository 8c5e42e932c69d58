"""What a request would take, before it is queued."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.estimates import estimate
from jobs.models import Job, Preset
from jobs.places import places
from jobs.services import queue_job
from jobs.specs import JobSpec
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from workers.models import WorkerUrl

pytestmark = pytest.mark.django_db


def asked(user: Any, **wanted: Any) -> Any:
    spec = JobSpec(**({"prompt": "a castle", "preset": "starter-fast"} | wanted))
    with as_user(user):
        return estimate(user=user, spec=spec)


@pytest.fixture(autouse=True)
def ten_seconds(presets: None) -> None:
    with as_service("test data"):
        Preset.objects.filter(slug="starter-fast").update(expected_seconds=10)


def works() -> None:
    with as_service("test data"):
        WorkerUrl.objects.create(
            name="one", token_digest="one", status="active", queues=["gpu.image"]
        )


def test_without_a_worker_nobody_knows_when(user: Any) -> None:
    found = asked(user, count=2)
    assert (found.items, found.cost, found.ready_in) == (2, 20.0, None)


def test_everybodys_jobs_before_it_count(user: Any, other_user: Any) -> None:
    works()
    assert asked(user).ready_in == 10.0
    with as_user(other_user):
        spec = JobSpec(prompt="a boat", preset="starter-fast", count=3)
        queue_job(user=other_user, spec=spec)
    # By fair order only the other one's first job goes before the first, all go before the second.
    found = asked(user, count=2, parameters={"steps": 20})
    assert (found.cost, found.first_ready_in, found.ready_in) == (40.0, 30.0, 70.0)
    with as_user(user):
        assert not Job.objects.exists()
        # And what was told comes true.
        spec = JobSpec(prompt="a castle", preset="starter-fast", count=2, parameters={"steps": 20})
        ids = [str(job.pk) for job in queue_job(user=user, spec=spec)]
    with as_service("test"):
        told = places([user.pk])[user.pk]["places"]
    assert [told[each]["seconds"] for each in ids] == [30.0, 70.0]


def test_of_a_line_too_long_to_play_through_the_sums_count(
    user: Any, other_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    works()
    with as_user(other_user):
        queue_job(user=other_user, spec=JobSpec(prompt="a boat", preset="starter-fast", count=3))
    monkeypatch.setattr("jobs.places.LINE_LIMIT", 3)
    found = asked(user, count=2)
    assert (found.first_ready_in, found.ready_in) == (20.0, 30.0)


def test_what_would_be_refused_is_refused(user: Any) -> None:
    with pytest.raises(Refused) as refused:
        asked(user, prompt="")
    assert refused.value.code == "prompt_empty"


def test_loading_the_model_counts_where_nobody_has_it(user: Any) -> None:
    works()
    with as_service("test data"):
        Preset.objects.filter(slug="starter-fast").update(measured_load_seconds=8)
    assert asked(user).ready_in == 18.0
    with as_service("test data"):
        WorkerUrl.objects.update(loaded_preset="starter-fast")
    assert asked(user).ready_in == 10.0
