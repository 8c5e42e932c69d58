"""Videos in the workspace's viewer, in a real browser: frame by frame, in a loop, two that move
together. The files are real ones; no worker makes them here."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from jobs.presets import sync_presets
from ourvidz import storage
from ourvidz.models import uuid7
from ourvidz.rows import as_service, as_user
from tests.workspace.test_recall import mp4
from workspace import services
from workspace.models import WorkspaceItem

BUCKET, FPS, FRAMES = "video_fast", 8, 4


@pytest.fixture
def films(workspace: Page, user: User) -> Page:
    """A session with two videos of four frames."""
    with as_service("test data"):
        sync_presets()
    with as_user(user):
        batch = uuid7()
        for index in range(2):
            film(user, index, batch)
    workspace.reload()
    expect(workspace.get_by_role("article")).to_have_count(2)
    return workspace


def film(user: User, index: int, batch: Any) -> None:
    session = services.active_session(user)
    item = WorkspaceItem(user=user, session=session, prompt="the sun sets", content_type="video")
    key = storage.workspace_key(user.pk, session.pk, "video", item.pk, "mp4")
    stored = storage.save(BUCKET, key, io.BytesIO(mp4({"prompt": "the sun sets"})), "video/mp4")
    item.storage_path, item.bucket_name, item.sha256 = key, BUCKET, stored.sha256
    item.url = storage.media_path(item.pk, "original", stored.sha256)
    item.mime_type, item.bytes = "video/mp4", stored.bytes
    item.width = item.height = 64
    item.duration, item.fps, item.frames = FRAMES / FPS, FPS, FRAMES
    item.batch_id, item.batch_index, item.seed = batch, index, index
    item.save()


def times(dialog: Locator) -> list[float]:
    found = dialog.locator("video").evaluate_all("all => all.map((one) => one.currentTime)")
    return [round(time, 3) for time in found]


def test_frame_by_frame(
    films: Page, complaints: list[str], screenshot: Callable[[str], None]
) -> None:
    films.emulate_media(reduced_motion="reduce")
    films.locator(".card a[data-act=open]").first.click()
    dialog = films.get_by_role("dialog", name="The picture, large")
    expect(dialog.get_by_text("1 / 4")).to_be_visible()
    # Nothing was chosen yet that Space would press instead.
    for paused in (False, True):
        films.keyboard.press("Space")
        expect(dialog.get_by_role("button", name="Play" if paused else "Pause")).to_be_visible()
    expect(dialog.get_by_text("100 %")).to_be_visible()
    films.keyboard.press("0")
    films.keyboard.press(".")
    expect(dialog.get_by_text("2 / 4")).to_be_visible()
    assert times(dialog) == [round(1.5 / FPS, 3)]
    films.keyboard.press(",")
    films.keyboard.press(",")
    expect(dialog.get_by_text("4 / 4")).to_be_visible()
    loop = dialog.get_by_role("button", name="Loop")
    expect(loop).to_have_attribute("aria-pressed", "true")
    loop.click()
    expect(loop).to_have_attribute("aria-pressed", "false")
    assert dialog.locator("video").evaluate("one => one.loop") is False
    screenshot("viewer-video")
    assert complaints == []


def test_two_move_together(films: Page, screenshot: Callable[[str], None]) -> None:
    films.emulate_media(reduced_motion="reduce")
    films.locator(".card").first.focus()
    films.keyboard.press("Control+a")
    films.keyboard.press("c")
    dialog = films.get_by_role("dialog", name="The picture, large")
    expect(dialog.locator("compare-slider video")).to_have_count(2)
    expect(dialog.get_by_text("1 / 4")).to_be_visible()
    dialog.get_by_role("slider", name="Frame").fill("900")
    expect(dialog.get_by_text("4 / 4")).to_be_visible()
    assert times(dialog) == [round(3.5 / FPS, 3)] * 2
    screenshot("viewer-two-videos")


def test_a_video_is_downloaded_with_the_others(films: Page) -> None:
    films.locator(".card").first.focus()
    films.keyboard.press("Control+a")
    with films.expect_download() as waiting:
        films.keyboard.press("d")
    assert waiting.value.suggested_filename.endswith(".zip")
