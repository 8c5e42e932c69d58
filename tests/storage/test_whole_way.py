"""A picture's whole way, from a worker's upload to the library, in each kind of store."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client
from PIL import Image

from jobs.services import queue_job
from jobs.specs import JobSpec
from library.models import Media
from ourvidz import storage, tasks
from ourvidz.rows import as_service, as_user
from ourvidz.settings_inside import read_settings
from tests.storage.conftest import REFUSES
from tests.workers.conftest import Hand, PresetFactory
from workers.gpu.outputs import as_png
from workers.services import issue_worker_token
from workspace.models import WorkspaceItem
from workspace.services import save_workspace_item_to_library

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]

SETTINGS = {"prompt": "a castle", "seed": 7}
PICTURE = as_png(Image.new("RGB", (64, 64), "teal"), "a castle", SETTINGS)

Committed = Callable[..., Any]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """Return a function that calls another with what it does on commit."""

    def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return function(*args, **kwargs)

    return call


def send(target: dict[str, Any], content: bytes) -> int:
    """Upload as a worker does: to the bucket, else to our endpoint. Returns the status."""
    if "/api/v1/worker/uploads/" in target["url"]:
        path, kind = urlsplit(target["url"]).path, target["headers"]["Content-Type"]
        return Client().put(path, content, content_type=kind).status_code
    try:
        return httpx.put(target["url"], content=content, headers=target["headers"]).status_code
    except httpx.ConnectError:
        return send(target["fallback"], content)


def make_picture(user: Any) -> WorkspaceItem:
    """Let a worker make one picture for this person; returns the finished item."""
    with as_service("test"):
        PresetFactory()
        hand = Hand("one", issue_worker_token(name="one"))
    hand.post("register", {"queues": ["gpu.image"], "presets": ["tiny"], "device": "cpu"})
    spec = JobSpec(prompt="a castle", preset="tiny", destination="workspace")
    with as_user(user):
        queue_job(user=user, spec=spec)
    job = hand.claim()
    assert send(job["output"]["upload"], PICTURE) in (200, 201)
    assert hand.succeed(job, PICTURE).json() == {"accepted": True, "reason": ""}
    with as_user(user):
        return WorkspaceItem.objects.for_user(user).get()


def fetch(client: Client, path: str) -> bytes:
    """Read a file as a browser does, following the redirect into the bucket."""
    answer = client.get(path)
    if answer.status_code == 302:
        return httpx.get(answer["Location"]).raise_for_status().content
    assert answer.status_code == 200
    return b"".join(answer)


def save(user: Any, item: WorkspaceItem) -> Media:
    with as_user(user):
        return save_workspace_item_to_library(user=user, item_id=item.pk)


def check_the_whole_way(
    user: Any, other_user: Any, client_of: Callable[[Any], Client], committed: Committed
) -> Media:
    item = make_picture(user)
    client = client_of(user)
    assert fetch(client, item.url) == PICTURE
    assert fetch(client, item.thumbnail_url)[8:12] == b"WEBP"
    media = committed(save, user, item)
    assert not storage.exists(item.bucket_name, item.storage_path, item.storage_place)
    assert read_settings(io.BytesIO(fetch(client, media.url))) == SETTINGS
    # The item in the session shows the library's file from now on, at its old address.
    assert fetch(client, item.url) == PICTURE
    assert fetch(client, media.thumbnail_url)[8:12] == b"WEBP"
    for path in (item.url, item.thumbnail_url, media.url, media.thumbnail_url):
        assert client_of(other_user).get(path).status_code == 404
    return media


def test_in_a_folder(user: Any, other_user: Any, client_of: Any, committed: Committed) -> None:
    media = check_the_whole_way(user, other_user, client_of, committed)
    assert media.storage_place == "primary"


def test_in_s3(
    in_s3: Any, user: Any, other_user: Any, client_of: Any, committed: Committed
) -> None:
    media = check_the_whole_way(user, other_user, client_of, committed)
    assert media.storage_place == "primary"


def test_in_a_folder_that_refuses(
    user: Any, other_user: Any, client_of: Any, committed: Committed, settings: Any
) -> None:
    home, settings.STORAGE_DIR = settings.STORAGE_DIR, REFUSES
    media = check_the_whole_way(user, other_user, client_of, committed)
    assert media.storage_place == "alternative"
    settings.STORAGE_DIR = home
    self_heals(user, media, client_of, committed)


def test_in_an_s3_that_is_away(
    in_s3: Any, user: Any, other_user: Any, client_of: Any, committed: Committed, settings: Any
) -> None:
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    media = check_the_whole_way(user, other_user, client_of, committed)
    assert media.storage_place == "alternative"
    settings.S3_ENDPOINT_URL = in_s3.endpoint_url
    self_heals(user, media, client_of, committed)


def self_heals(user: Any, media: Media, client_of: Any, committed: Committed) -> None:
    """The scheduler's own work brings the file home, for the item and for the media alike."""
    committed(tasks.bring_files_home.fn)
    with as_user(user):
        assert {row.storage_place for row in Media.objects.for_user(user)} == {"primary"}
        assert {row.storage_place for row in WorkspaceItem.objects.for_user(user)} == {"primary"}
    assert not storage.exists(media.bucket_name, media.storage_path, "alternative")
    assert fetch(client_of(user), media.url) == PICTURE


def test_the_nightly_sweep_takes_nothing_that_is_needed(
    user: Any, client_of: Any, committed: Committed
) -> None:
    item = make_picture(user)
    media = committed(save, user, item)
    committed(tasks.sweep_storage.fn)
    assert fetch(client_of(user), media.url) == PICTURE
