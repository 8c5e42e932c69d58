"""A film of 200 MB through the real server, to a reader that dawdles: what it costs in memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from ourvidz import storage
from tests.site import LiveSite, wait_until
from tests.storage.factories import make_media

SIZE = 200 * 1024 * 1024
ALLOWED = 50 * 1024 * 1024


@pytest.fixture
def film(live_site: LiveSite, user: Any, data_dir: Path, settings: Any) -> Iterator[Any]:
    """Media whose file the live site serves, 200 MB of it."""
    settings.STORAGE_DIR = data_dir / "storage"
    media = make_media(user)
    path = settings.STORAGE_DIR / media.bucket_name / media.storage_path
    with path.open("r+b") as file:
        file.truncate(SIZE)
    yield media
    path.unlink()


@pytest.fixture
def reader(live_site: LiveSite, user: Any, client_of: Callable[[Any], Client]) -> httpx.Client:
    """An HTTP client that is signed in."""
    cookies = {name: morsel.value for name, morsel in client_of(user).cookies.items()}
    return httpx.Client(base_url=live_site.url, cookies=cookies, timeout=30)


def memory(site: LiveSite, field: str) -> int:
    """Return a figure of the web process's memory in bytes: VmRSS now, VmHWM at most."""
    assert site.web.process is not None
    for line in Path(f"/proc/{site.web.process.pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


def forget_peak(site: LiveSite) -> None:
    """Let VmHWM count from here: other tests have made this process decode large pictures."""
    assert site.web.process is not None
    Path(f"/proc/{site.web.process.pid}/clear_refs").write_text("5")


def test_a_film_costs_no_memory(live_site: LiveSite, film: Any, reader: httpx.Client) -> None:
    path = storage.media_path(film.pk, "original", film.sha256)
    first = reader.get(path, headers={"Range": "bytes=0-7"})
    assert (first.status_code, first.content[1:4]) == (206, b"PNG")
    forget_peak(live_site)
    before, received = memory(live_site, "VmRSS"), 0
    with reader.stream("GET", path) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_bytes(256 * 1024):
            if not received:
                # Long enough for a server that does not wait to read everything.
                time.sleep(2)
            received += len(piece)
    assert received == SIZE
    assert memory(live_site, "VmHWM") - before < ALLOWED


def test_a_reader_who_leaves(live_site: LiveSite, film: Any, reader: httpx.Client) -> None:
    path = storage.media_path(film.pk, "original", film.sha256)
    output = live_site.web.process.output  # type: ignore[union-attr]
    before = len(output())
    for _again in range(3):
        with reader.stream("GET", path) as answer:
            next(answer.iter_raw(1024))
    assert reader.get(path, headers={"Range": "bytes=-8"}).content == bytes(8)
    assert "Traceback" not in output()[before:]


def test_a_film_that_nobody_reads_to_its_end_is_closed(
    live_site: LiveSite, film: Any, reader: httpx.Client
) -> None:
    path = storage.media_path(film.pk, "original", film.sha256)
    for _ in range(3):
        with reader.stream("GET", path) as answer:
            # Kept: one that is forgotten hangs up.
            pieces = answer.iter_raw()
            next(pieces)
            assert open_files(live_site, film)
    wait_until(lambda: not open_files(live_site, film), 10, "the film is closed")
    assert reader.get(path, headers={"Range": "bytes=0-7"}).status_code == 206


def open_files(site: LiveSite, film: Any) -> int:
    """Return how often the web process has the film open."""
    assert site.web.process is not None
    count = 0
    for link in Path(f"/proc/{site.web.process.pid}/fd").iterdir():
        # What is closed meanwhile is not counted.
        with suppress(FileNotFoundError):
            count += film.storage_path in os.readlink(link)
    return count
