"""How the library shows what it keeps: names of models, videos without a poster. Not for what a
list holds: see test_pages.
"""

from __future__ import annotations

from typing import Any

import pytest

from jobs.presets import sync_presets
from ourvidz import rows
from tests.library.factories import media_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(user: Any, client_of: Any) -> Any:
    return client_of(user)


def test_a_model_has_the_name_that_the_workspace_gives_it(client: Any, user: Any) -> None:
    with rows.as_service("test data"):
        sync_presets()
    known = media_of(user, "a fox")
    gone = media_of(user, "a cow", model_type="sdxl-old")
    page = client.get("/library/").content.decode()
    assert 'data-text="Starter · Fast"' in page
    assert 'data-text="Sdxl old"' in page
    assert "<dd>Starter · Fast</dd>" in client.get(f"/library/{known.pk}/").content.decode()
    assert "<dd>Sdxl old</dd>" in client.get(f"/library/{gone.pk}/").content.decode()


def test_a_video_without_a_poster_shows_itself(client: Any, user: Any) -> None:
    film = {"content_type": "video", "mime_type": "video/mp4", "url": "/media/x/original"}
    media_of(user, "a boat", thumbnail_url="", **film)
    media_of(user, "a ship", thumbnail_url="/media/x/thumbnail", **film)
    page = client.get("/library/").content.decode()
    assert page.count('<video src="/media/x/original#t=0.1"') == 1
    assert page.count('<img src="/media/x/thumbnail"') == 1
