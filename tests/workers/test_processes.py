"""GPU processes as they run in earnest, on a real site: what one does from claim to file, and what
happens when it is killed in mid-job while somebody looks at the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from jobs.models import Job, JobStatus
from jobs.services import cancel_job
from library.models import Media
from ourvidz import live, storage
from ourvidz.embedded import processes
from ourvidz.errors import sentence
from ourvidz.rows import as_service, as_user
from ourvidz.settings_inside import read_settings
from tests.site import LiveSite, Spawned, wait_until
from tests.workers.conftest import PresetFactory
from workers.models import WorkerUrl

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

START = 240.0  # seconds: a process imports torch first, on a machine that does much else
ALONE = {"OURVIDZ_THREADS": "1", "HF_HUB_OFFLINE": "1"}
# What a card says while its job is in a state.
SHOWN = {
    "queued": "generating",
    "running": "generating",
    "succeeded": "generated",
    "failed": "failed",
    "canceled": "failed",
}


@pytest.fixture
def preset(live_site: LiveSite, tiny_model: Path) -> Any:
    """The tiny model as a preset, and one whose folder is missing."""
    PresetFactory(slug="gone", source=str(tiny_model.parent / "gone"))
    return PresetFactory(source=str(tiny_model))


def row(job: Job) -> Job:
    """The job as it is now."""
    with as_service("test"):
        return Job.objects.get(pk=job.pk)


def wait_for(job: Job, status: str, seconds: float = 60) -> Job:
    """Wait until the job is in a state."""
    wait_until(lambda: row(job).status == status, seconds, f"{status}, not {row(job).status}")
    return row(job)


def wait_for_step(job: Job, seconds: float = 60) -> dict[str, Any]:
    """Wait until the job reports a step; its progress."""
    wait_until(lambda: live.progress([job.pk]), seconds, "a step is reported")
    return live.progress([job.pk])[str(job.pk)]


def test_a_process_without_a_broker_does_all_that_a_worker_must(
    live_site: LiveSite, user: Any, preset: Any, queue: Callable[..., list[Job]]
) -> None:
    """One process, since starting one costs seconds: make, fail, cancel, hand back."""
    [made], [missing], [long] = queue(), queue(preset="gone"), queue(parameters={"steps": 500})
    worker = live_site.spawn_gpu_worker("poller", **ALONE)
    wait_for(made, "succeeded", START)
    check_file(user, made)
    failed = wait_for(missing, "failed")
    assert "“gone”" in sentence(failed.failure_code, failed.failure_params)
    cancel_in_mid_job(user, long)
    [again] = queue(parameters={"steps": 500})
    stop_in_mid_job(worker, again)


def check_file(user: Any, job: Job) -> None:
    """The job's file is in the library, whole, with its thumbnail and its settings inside."""
    with as_user(user):
        media = Media.objects.for_user(user).get(job_id=job.pk)
    where = (media.bucket_name, media.storage_path, media.storage_place)
    with storage.open(*where) as file:
        settings = read_settings(file)
        assert Image.open(file).size == (64, 64)
    assert settings is not None
    assert (settings["prompt"], settings["seed"]) == (job.prompt, 7)
    small = storage.thumbnail_key(media.storage_path)
    assert storage.exists(media.bucket_name, small, media.storage_place)
    assert {"load", "denoise", "decode", "encode"} <= row(job).timings.keys()
    assert media.thumbhash


def cancel_in_mid_job(user: Any, job: Job) -> None:
    """A running job stops at its next step."""
    progress = wait_for_step(job)
    assert progress["preview"].startswith("data:image/webp;base64,")
    with as_user(user):
        assert cancel_job(user=user, job_id=job.pk) == "canceling"
    asked = time.monotonic()
    wait_for(job, "canceled", 20)
    assert time.monotonic() - asked < 10
    assert row(job).failure_code == "canceled"


def stop_in_mid_job(worker: Spawned, job: Job) -> None:
    """A process that is told to stop gives its job back, and goes."""
    wait_for_step(job)
    assert worker.stop() == 0, worker.output()
    given_back = row(job)
    assert given_back.status == "queued"
    with as_service("test"):
        assert WorkerUrl.objects.get(name="poller").status == WorkerUrl.Status.GONE
        reasons = set(JobStatus.objects.filter(job=job).values_list("reason", flat=True))
    assert "worker_handed_back" in reasons


@pytest.fixture
def impatient_site(live_site: LiveSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveSite]:
    """A site that takes a silent worker's job back after six seconds, with all its processes."""
    monkeypatch.setenv("LEASE_SECONDS", "6")
    monkeypatch.setenv("HEARTBEAT_SECONDS", "1")
    live_site.web.stop()
    live_site.web.ensure_running()
    live_site.spawn_control_worker()
    live_site.spawn("scheduler", processes.scheduler())
    yield live_site
    # The next test starts it anew, patient.
    live_site.web.stop()


def test_a_killed_workers_job_finishes_on_the_next_and_the_page_never_lies(
    impatient_site: LiveSite, preset: Any, queue: Any, user: Any, page: Any, sign_in: Any
) -> None:
    page.set_default_timeout(60_000)
    sign_in(page, user)
    bell = {"OURVIDZ_BROKER_URL": impatient_site.broker_url(), **ALONE}
    workers = {name: impatient_site.spawn_gpu_worker(name, **bell) for name in ("one", "two")}
    wait_until(lambda: registered() == 2, START, "both workers register")
    [job] = queue(destination="workspace", parameters={"steps": 120})
    page.goto(f"/workspace/{row(job).workspace_session_id}/")
    page.evaluate(SAMPLER, str(job.pk))
    wait_for_step(job, START)
    first = row(job)
    holder = holder_name(first)
    workers[holder].kill()
    wait_until(lambda: row(job).attempt > first.attempt, 60, "the other worker takes the job")
    finished = wait_for(job, "succeeded", START)
    assert holder_name(finished) != holder
    page.wait_for_selector(f'article[data-job="{job.pk}"][data-status="generated"] img')
    check_samples(job, page.evaluate("window.samples"))


def registered() -> int:
    """How many workers are ready."""
    with as_service("test"):
        return WorkerUrl.objects.alive().count()


def holder_name(job: Job) -> str:
    """The name of the worker that has, or had, the job."""
    with as_service("test"):
        return WorkerUrl.objects.get(pk=job.worker_id).name


# Notes what the card says every 100 ms: [milliseconds, data-status, data-job-status].
SAMPLER = """job => {
    window.samples = []
    setInterval(() => {
        const card = document.querySelector(`article[data-job="${job}"]`)
        const { status, jobStatus } = card ? card.dataset : {}
        window.samples.push([Date.now(), status ?? "", jobStatus ?? ""])
    }, 100)
}"""


def check_samples(job: Job, samples: list[tuple[float, str, str]]) -> None:
    """Every sample shows a state that the job held within the two seconds before it."""
    with as_service("test"):
        story = JobStatus.objects.filter(job=job).order_by("created_at", "id")
        states = [(state.created_at.timestamp(), state.status) for state in story]
    names = [name for _, name in states]
    assert names[:4] == ["queued", "running", "queued", "running"]
    assert names[-1] == "succeeded"
    assert len(samples) > 20
    ends = [begin for begin, _ in states[1:]] + [timezone.now().timestamp()]
    held = [(begin, end, name) for (begin, name), end in zip(states, ends, strict=True)]
    for milliseconds, shown, job_status in samples:
        now = milliseconds / 1000
        true = {name for begin, end, name in held if begin <= now and end >= now - 2}
        assert shown in {SHOWN[name] for name in true}, (now, shown, held)
        assert job_status in true, (now, job_status, held)
