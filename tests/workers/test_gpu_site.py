"""A GPU process on a real site, with tiny models: a batch made at once, a picture from a reference,
a clip from a picture, each decoded beside the next, and what the site then has of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.models import Job
from jobs.specs import ReferenceSpec
from library.models import Media
from ourvidz import storage
from ourvidz.rows import as_service, as_user
from tests.site import LiveSite, wait_until
from tests.storage.factories import make_reference
from tests.workers import beside_worker, tiny_families
from tests.workers.conftest import PresetFactory, parameter
from workers.gpu import videos

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]

START = 240.0  # seconds: a process imports torch first, on a machine that does much else
ALONE = {"OURVIDZ_THREADS": "1", "HF_HUB_OFFLINE": "1"}


@pytest.fixture
def presets(live_site: LiveSite, tiny_model: Path, tmp_path: Path) -> None:
    """A preset for pictures and one for clips."""
    able = {"max_references": 1}
    PresetFactory(source=str(tiny_model), capabilities=["text_to_image", "image_to_image"], **able)
    sizes = [parameter(name, 64, 64, 16, 64) for name in ("width", "height")]
    PresetFactory(
        slug="moving",
        family="wan",
        source=str(tiny_families.wan(tmp_path / "wan", new=True)),
        content_type="video",
        job_type="video_fast",
        bucket_name="video_fast",
        queue="gpu.video",
        capabilities=["text_to_video", "image_to_video"],
        parameters=[
            *sizes,
            parameter("frames", 5, 17, 4, 9),
            parameter("fps", 4, 30, 1, 8),
            parameter("steps", 1, 50, 1, 2),
        ],
        **able,
    )


def row(job: Job) -> Job:
    """The job as it is now."""
    with as_service("test"):
        return Job.objects.get(pk=job.pk)


def finished(jobs: list[Job]) -> list[Job]:
    """Wait until all jobs have succeeded."""
    wait_until(
        lambda: all(row(job).status in ("succeeded", "failed") for job in jobs), START, "end"
    )
    ended = [row(job) for job in jobs]
    assert [(job.status, job.failure_code) for job in ended] == [("succeeded", "")] * len(jobs)
    return ended


def test_a_process_makes_batches_and_starts_from_pictures(
    live_site: LiveSite, presets: None, user: Any, queue: Callable[..., list[Job]]
) -> None:
    given = ReferenceSpec(id=make_reference(user, width=64, height=64).pk, strength=0.5)
    alike = queue(count=4)
    pictured = queue(references=(given,))
    [clip] = queue(preset="moving", references=(given,))
    worker = live_site.spawn_gpu_worker("poller", beside_worker.COMMAND, **ALONE)
    finished([*alike, *pictured, clip])
    with as_user(user):
        media = {each.job_id: each for each in Media.objects.for_user(user)}
        pictures = {stored(media[job.pk]) for job in [*alike, *pictured]}
    assert all(row(job).timings["decode"] for job in [*alike, *pictured, clip])
    assert len(pictures) == 5
    check_clip(user, media[clip.pk])
    assert worker.stop() == 0, worker.output()


def stored(media: Media) -> bytes:
    """The file of a medium."""
    with storage.open(media.bucket_name, media.storage_path, media.storage_place) as file:
        return file.read()


def check_clip(user: Any, media: Media) -> None:
    """The clip is whole, with its poster, its preview and its settings inside."""
    where = (media.bucket_name, media.storage_path, media.storage_place)
    with as_user(user), storage.open(*where) as file:
        settings = videos.settings_inside(file)
    assert settings is not None
    assert (settings["seed"], settings["app"]) == (7, "OurVidz")
    assert storage.exists(
        media.bucket_name, storage.thumbnail_key(media.storage_path), media.storage_place
    )
