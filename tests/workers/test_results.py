"""What becomes of a worker's file: videos with poster and preview loop, what does not fit, and
uploads that are larger than was allowed. Not for pictures that fit: see test_protocol.py.
"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client

from library.models import Media, Video
from ourvidz import storage
from ourvidz.rows import as_service, as_user
from tests.workers.conftest import PresetFactory
from workers import results
from workspace.models import WorkspaceItem
from workspace.services import save_workspace_item_to_library

MP4 = b"\0\0\0\x20ftypisom" + b"frames" * 100
WEBP = b"RIFF\0\0\0\0WEBP" + b"loop" * 10
CLIP = {"mime_type": "video/mp4", "duration_seconds": 2.125, "fps": 8, "frames": 17}


@pytest.fixture
def video_preset(database: None) -> Any:
    return PresetFactory(
        content_type="video",
        family="wan",
        job_type="video_fast",
        bucket_name="video_fast",
        queue="gpu.video",
        capabilities=["text_to_video"],
    )


def put(target: dict[str, Any], data: bytes) -> int:
    path = "/" + target["url"].split("/", 3)[3]
    content_type = target["headers"]["Content-Type"]
    return Client().put(path, data, content_type=content_type).status_code


def delivered(hand: Any, job: dict[str, Any], *names: str) -> None:
    assert put(job["output"]["upload"], MP4) == 201
    for name in names:
        assert put(job["output"][f"{name}_upload"], WEBP) == 201


def test_a_video_brings_its_poster_and_its_preview(
    hand: Any, video_preset: Any, queue: Any, user: Any, client_of: Any
) -> None:
    queue()
    job = hand.claim()
    assert job["output"]["mime_type"] == "video/mp4"
    delivered(hand, job, "thumbnail", "preview")
    assert hand.succeed(job, MP4, **CLIP).json() == {"accepted": True, "reason": ""}
    with as_user(user):
        video = Video.objects.get()
        with connection.cursor() as cursor:
            cursor.execute("SELECT frames, fps, duration, preview_url FROM videos")
            assert cursor.fetchall() == [(17, 8.0, 2.125, video.preview_url)]
    assert (video.duration, video.fps, video.frames) == (2.125, 8.0, 17)
    client = client_of(user)
    for url in (video.url, video.thumbnail_url, video.preview_url):
        answer = client.get(url)
        assert answer.status_code == 200, url
    assert client.get(video.preview_url)["Content-Type"] == "image/webp"


def test_without_a_poster_and_a_preview_none_is_promised(
    hand: Any, video_preset: Any, queue: Any, user: Any, client_of: Any
) -> None:
    queue()
    job = hand.claim()
    delivered(hand, job)
    assert hand.succeed(job, MP4, **CLIP).json()["accepted"]
    with as_user(user):
        video = Media.objects.get()
    assert (video.thumbnail_url, video.preview_url) == ("", "")
    assert client_of(user).get(f"/media/{video.pk}/preview").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"mime_type": "image/png"},
        {"mime_type": "video/webm"},
        {"frames": None},
        {"fps": None},
        {"duration_seconds": None},
        {"duration_seconds": 0},
        {"duration_seconds": 9},
        {"frames": 170},
    ],
)
def test_a_video_that_does_not_fit_its_frames_is_not_taken(
    hand: Any, video_preset: Any, queue: Any, fresh: Any, changes: Any
) -> None:
    [row] = queue()
    job = hand.claim()
    delivered(hand, job)
    answer = hand.succeed(job, MP4, **CLIP | changes)
    assert answer.json() == {"accepted": False, "reason": "output_wrong"}
    assert fresh(row).status == "queued"


def test_a_picture_is_no_video(hand: Any, preset: Any, queue: Any, png: bytes, user: Any) -> None:
    queue()
    job = hand.claim()
    assert "preview_upload" not in job["output"]
    hand.upload(job, png)
    assert hand.succeed(job, png, mime_type="image/webp").json()["reason"] == "output_wrong"


def test_saving_and_deleting_takes_the_preview_along(
    hand: Any,
    video_preset: Any,
    queue: Any,
    user: Any,
    client_of: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    queue(destination="workspace")
    job = hand.claim()
    delivered(hand, job, "thumbnail", "preview")
    assert hand.succeed(job, MP4, **CLIP).json()["accepted"]
    with as_user(user):
        item = WorkspaceItem.objects.get()
    before = storage.preview_key(item.storage_path)
    with django_capture_on_commit_callbacks(execute=True), as_user(user):
        media = save_workspace_item_to_library(user=user, item_id=item.pk)
    assert (media.frames, media.preview_url.split("?")[0]) == (17, f"/media/{media.pk}/preview")
    after = storage.preview_key(media.storage_path)
    assert not storage.exists("video_fast", before)
    assert storage.exists("video_fast", after)
    assert client_of(user).get(media.preview_url).status_code == 200
    with django_capture_on_commit_callbacks(execute=True), as_service("test"):
        Media.objects.all().delete()
        WorkspaceItem.objects.all().delete()
        storage.discard([storage.Where("video_fast", media.storage_path, media.storage_place)])
    assert not storage.exists("video_fast", after)


def test_an_upload_past_the_limit_of_the_object_store_is_thrown_away(
    hand: Any,
    preset: Any,
    queue: Any,
    fresh: Any,
    png: bytes,
    s3_bucket: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """A signed PUT limits no size, so it is looked at before the file is read."""
    for name, value in s3_bucket.environment().items():
        setattr(settings, name, value)
    monkeypatch.setitem(results.OUTPUTS, "image", ("image/png", len(png) - 1))
    [row] = queue()
    job = hand.claim()
    upload = job["output"]["upload"]
    assert httpx.put(upload["url"], content=png, headers=upload["headers"]).status_code == 200
    with as_service("test"):
        target = results.targets([fresh(row)])[0]
    assert storage.exists(target.bucket, target.key)
    with django_capture_on_commit_callbacks(execute=True):
        answer = hand.succeed(job, png)
    assert answer.json() == {"accepted": False, "reason": "output_too_large"}
    assert not storage.exists(target.bucket, target.key)
    assert (fresh(row).status, fresh(row).failure_code) == ("failed", "output_too_large")


def test_a_preview_past_its_limit_is_thrown_away(
    hand: Any, video_preset: Any, queue: Any, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue()
    job = hand.claim()
    delivered(hand, job, "thumbnail", "preview")
    monkeypatch.setattr(results, "PREVIEW_BYTES", 10)
    assert hand.succeed(job, MP4, **CLIP).json()["accepted"]
    digest = hashlib.sha256(MP4).hexdigest()[:8]
    with as_user(user):
        video = Media.objects.get()
    assert video.preview_url == ""
    assert video.thumbnail_url.endswith(digest)
