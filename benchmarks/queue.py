"""What the queue costs while a hundred thousand jobs wait in it, against a hundred: a claim,
queueing one more, the quota, and the places that waiting people are told every two seconds. The
services are called as the site calls them, on a database with careful settings. Then what surrounds
the work (_whole_path.py), who waits for whom (_fair.py) and what people are told of it
(_expected.py). Not for the GPU's work. Run: python -m benchmarks.queue [claims|fair|path|expected]
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from benchmarks import _expected, _fair, _whole_path
from benchmarks._report import median, percentile, report
from benchmarks._site import running_site

FEW, WAITING, PEOPLE, HERE = 100, 100_000, 500, 50
SAMPLES, CLAIMS = 40, 200
REFERENCE = "goal: half of the 100 ms that the design allows a query"
RATIO = "goal of the queue's issue"
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


def main(chosen: list[str]) -> None:
    """Measure what is named, or everything."""
    parts: dict[str, Callable[[Any], None]] = {
        "expected": lambda site: _expected.measure(),
        "fair": lambda site: _fair.measure(),
        "path": lambda site: _whole_path.measure(site, _people(1)[0]),
        "claims": lambda site: _depths(),
    }
    with running_site() as site:
        # In this order, since the last one leaves its hundred thousand behind.
        for name in (name for name in parts if not chosen or name in chosen):
            parts[name](site)


def _depths() -> None:
    """A hundred jobs, then a hundred thousand."""
    people = _people(PEOPLE)
    _fill(people, FEW)
    few = _claims(FEW), _queueing(people[-1], FEW)
    _fill(people, WAITING - FEW)
    _places(people[:HERE])
    many = _claims(WAITING), _queueing(people[-1], WAITING)
    whose = {"a claim": RATIO, "queueing one more": "our own goal"}
    for (name, goal), less, more in zip(whose.items(), few, many, strict=True):
        for kind, of in (("median", median), ("p95", lambda samples: percentile(samples, 0.95))):
            report(
                f"{name} with {WAITING} waiting jobs over {FEW}: {kind}",
                value=of(more) / of(less),
                unit="times",
                goal="<= 1.2",
                reference=f"{goal}; {of(less):.1f} and {of(more):.1f} ms",
                samples=more,
            )
    _quota(people[-1])


def _people(count: int) -> list[Any]:
    from accounts.models import User
    from ourvidz import rows

    with rows.as_service("benchmark"):
        return [User.objects.create_user(f"{uuid.uuid4().hex}@example.org") for _ in range(count)]


def _fill(people: list[Any], count: int) -> None:
    """Let so many more jobs wait."""
    from django.db import connection

    from ourvidz import rows

    ids = [person.pk for person in people]
    with rows.as_service("benchmark"), connection.cursor() as cursor:
        cursor.execute(FILL, {"people": ids, "many": len(ids), "count": count})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE jobs")


def _places(people: list[Any]) -> None:
    from jobs.places import places
    from ourvidz import rows

    ids = [person.pk for person in people]

    def look() -> None:
        with rows.as_service("benchmark"):
            assert len(places(ids)) == len(ids)

    _report(f"places of {HERE} people among {WAITING} waiting jobs, median", _timed(look, SAMPLES))


def _claims(waiting: int) -> list[float]:
    """Take jobs, and let another wait for each; returns the milliseconds that each took."""
    from django.db.models import Max

    from jobs.models import Job
    from ourvidz import rows
    from workers import results

    with rows.as_service("benchmark"):
        worker = _worker(f"claims {waiting}")
        last = Job.objects.aggregate(last=Max("start_tag"))["last"]

    def claim() -> uuid.UUID:
        with rows.as_service("benchmark"):
            queues = ["gpu.image", "gpu.video"]
            claimed = results.claim(worker=worker, queues=queues, presets=[], loaded="")
            assert claimed is not None
            return claimed[0].pk

    def put_back(job_id: uuid.UUID) -> None:
        with rows.as_service("benchmark"):
            Job.objects.filter(pk=job_id).update(
                status="queued", attempt=0, worker=None, lease_expires_at=None, start_tag=last + 1
            )

    samples = _timed(claim, CLAIMS, put_back)
    rate = 1000 / (sum(samples) / len(samples))
    _report(f"claim of one among {waiting} waiting jobs, median", samples, f"{rate:.0f} a second")
    return samples


def _worker(name: str) -> Any:
    from workers.models import WorkerUrl

    return WorkerUrl.objects.create(name=name, token_digest=name, status="active")


def _queueing(user: Any, waiting: int) -> list[float]:
    """Queue jobs one by one, and take each away; returns the milliseconds that each took."""
    from jobs.models import Job
    from jobs.services import queue_job
    from jobs.specs import JobSpec
    from ourvidz import rows

    spec = JobSpec(prompt="a castle", preset="starter-fast")

    def queue() -> uuid.UUID:
        with rows.as_user(user):
            return queue_job(user=user, spec=spec)[0].pk

    def take_away(job_id: uuid.UUID) -> None:
        with rows.as_service("benchmark"):
            Job.objects.filter(pk=job_id).delete()

    samples = _timed(queue, CLAIMS, take_away)
    _report(f"queueing one more behind {waiting} waiting jobs, median", samples)
    return samples


def _quota(user: Any) -> None:
    from jobs.models import Job
    from ourvidz import rows

    def quota() -> None:
        with rows.as_user(user):
            assert Job.objects.for_user(user).unfinished().count()

    name = f"the quota of one person among {WAITING} waiting jobs, median"
    _report(name, _timed(quota, SAMPLES))


def _timed(
    act: Callable[[], Any], count: int, after: Callable[[Any], None] = lambda _: None
) -> list[float]:
    """Call it once to warm up and then so often; returns milliseconds. `after` gets what it
    returned, off the clock.
    """
    samples = []
    for _ in range(count + 1):
        began = time.perf_counter()
        found = act()
        samples.append((time.perf_counter() - began) * 1000)
        after(found)
    return samples[1:]


def _report(claim: str, samples: list[float], more: str = "") -> None:
    worst = f"p95 {percentile(samples, 0.95):.1f} ms, p99 {percentile(samples, 0.99):.1f} ms"
    report(
        claim,
        value=median(samples),
        unit="ms",
        goal="<= 50",
        reference=f"{REFERENCE}; {worst}" + (f"; {more}" if more else ""),
        samples=samples,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
