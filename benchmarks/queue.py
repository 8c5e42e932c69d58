"""What the queue costs while a hundred thousand jobs wait in it: a claim, queueing one more, the
quota, and the places that waiting people are told every two seconds. The services are called as the
site calls them, on a database with careful settings. Not for the GPU's work.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from benchmarks import _expected
from benchmarks._report import median, percentile, report
from benchmarks._site import running_site

WAITING, PEOPLE, HERE = 100_000, 500, 50
SAMPLES = 40
REFERENCE = "goal: half of the 100 ms that the design allows a query"
FILL = """
    INSERT INTO jobs (id, user_id, batch_id, batch_index, preset_slug, preset_revision,
      content_type, quality, job_type, bucket_name, queue, prompt, negative_prompt, parameters,
      seed, relation, status, attempt, max_attempts, cost, start_tag, finish_tag, priority,
      failure_code, failure_params, timings, idempotency_key, request_hash)
    SELECT gen_random_uuid(), (%(people)s::uuid[])[1 + n %% %(many)s], gen_random_uuid(), 0,
      'starter-fast', '', 'image', 'fast', 'sdxl_image_fast', 'sdxl_image_fast', 'gpu.image',
      'a castle', '', '{"width": 256, "height": 256}', n, '', 'queued', 0, 3, 1.0,
      n / %(many)s, n / %(many)s + 1, 0, '', '{}', '{}', '', ''
    FROM generate_series(1, %(count)s) n
"""


def main() -> None:
    with running_site():
        _expected.measure()
        people = _fill()
        _places(people[:HERE])
        _claims()
        _queueing(people[-1])


def _fill() -> list[uuid.UUID]:
    from django.db import connection

    from accounts.models import User
    from ourvidz import rows

    with rows.as_service("benchmark"):
        made = [User.objects.create_user(f"{uuid.uuid4().hex}@example.org") for _ in range(PEOPLE)]
        people = [person.pk for person in made]
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"people": people, "many": PEOPLE, "count": WAITING})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs")
    return people


def _places(people: list[uuid.UUID]) -> None:
    from jobs.places import places
    from ourvidz import rows

    def look() -> None:
        with rows.as_service("benchmark"):
            assert len(places(people)) == len(people)

    _report(f"places of {HERE} people among {WAITING} waiting jobs, median", look)


def _claims() -> None:
    from jobs.leases import Holder, claim_job
    from ourvidz import rows
    from workers.models import WorkerUrl

    with rows.as_service("benchmark"):
        worker = WorkerUrl.objects.create(name="bench", token_digest="bench", status="active")
    holder = Holder(id=worker.pk, name=worker.name)

    def claim() -> None:
        with rows.as_service("benchmark"):
            assert claim_job(worker=holder, queues=["gpu.image", "gpu.video"], presets=[])

    _report(f"claim of one among {WAITING} waiting jobs, median", claim)


def _queueing(user_id: uuid.UUID) -> None:
    from accounts.models import User
    from jobs.models import Job
    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz import rows

    with rows.as_service("benchmark"):
        user = User.objects.get(pk=user_id)
    spec = JobSpec(prompt="a castle", preset="starter-fast")

    def queue() -> None:
        with rows.as_user(user):
            queue_job(user=user, spec=spec)

    def quota() -> None:
        with rows.as_user(user):
            assert Job.objects.for_user(user).unfinished().count()

    _report(f"queueing one more behind {WAITING} waiting jobs, median", queue)
    _report(f"the quota of one person among {WAITING} waiting jobs, median", quota)


def _report(claim: str, act: Callable[[], Any]) -> None:
    act()
    samples = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        act()
        samples.append((time.perf_counter() - began) * 1000)
    reference = f"{REFERENCE}; p99 {percentile(samples, 0.99):.1f} ms"
    report(
        claim,
        value=median(samples),
        unit="ms",
        goal="<= 50",
        reference=reference,
        samples=samples,
    )


if __name__ == "__main__":
    main()
