"""Ranges, conditions and memory: files as browsers ask for them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from ourvidz import files

CONTENT = bytes(range(256)) * 4


@pytest.fixture(autouse=True, scope="module")
def no_database() -> Iterator[None]:
    """The end of an answer closes old connections; here there is no database to look at."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.fixture
def served(tmp_path: Path) -> files.Served:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    return files.Served(path, "video/mp4", "abc", "inline", "private, max-age=9")


def ask(method: str = "GET", **headers: str) -> HttpRequest:
    return RequestFactory(headers=headers).generic(method, "/")


def body(response: Any) -> bytes:
    """Read an answer to its end and close it, as the server does."""

    async def collect() -> bytes:
        return b"".join([piece async for piece in response])

    content = asyncio.run(collect()) if response.streaming else response.content
    response.close()
    return content


def test_the_whole_file(served: files.Served) -> None:
    response = files.serve(ask(), served)
    assert isinstance(response, StreamingHttpResponse)
    assert response.status_code == 200
    assert response["Content-Length"] == "1024"
    assert response["Content-Type"] == "video/mp4"
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == '"abc"'
    assert response["Cache-Control"] == "private, max-age=9"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert body(response) == CONTENT


@settings(max_examples=60, deadline=None)
@given(first=st.integers(0, 1100), last=st.integers(0, 1100))
def test_a_range_is_exactly_what_was_asked_for(first: int, last: int) -> None:
    expected = CONTENT[first : last + 1]
    header = f"bytes={first}-{last}"
    if last < first:
        assert files.parse_range(header, 1024) is None
    elif not expected:
        with pytest.raises(ValueError):
            files.parse_range(header, 1024)
    else:
        assert files.parse_range(header, 1024) == (first, len(expected))


@settings(max_examples=60, deadline=None)
@given(header=st.text() | st.from_regex(r"bytes=\d*-\d*(,\d*-\d*)?"), size=st.integers(0, 5000))
def test_no_range_ever_leaves_the_file(header: str, size: int) -> None:
    try:
        part = files.parse_range(header, size)
    except ValueError:
        return
    if part is not None:
        start, length = part
        assert 0 <= start < size and 1 <= length <= size - start


@pytest.mark.parametrize(
    ("header", "content", "answer"),
    [
        ("bytes=0-0", CONTENT[:1], "bytes 0-0/1024"),
        ("bytes=1000-", CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", CONTENT[-24:], "bytes 1000-1023/1024"),
        ("bytes=-5000", CONTENT, "bytes 0-1023/1024"),
        ("bytes=1000-9999999999999999999999", CONTENT[1000:], "bytes 1000-1023/1024"),
    ],
)
def test_partial_content(served: files.Served, header: str, content: bytes, answer: str) -> None:
    response = files.serve(ask(Range=header), served)
    assert response.status_code == 206
    assert response["Content-Range"] == answer
    assert response["Content-Length"] == str(len(content))
    assert body(response) == content


@pytest.mark.parametrize("header", ["bytes=1024-", "bytes=2000-3000", "bytes=-0"])
def test_a_range_outside_the_file(served: files.Served, header: str) -> None:
    response = files.serve(ask(Range=header), served)
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */1024"


@pytest.mark.parametrize(
    "header", ["lines=1-2", "bytes=", "bytes=a-b", "bytes=0-1,5-6", "bytes=9-2"]
)
def test_what_is_no_range_is_the_whole_file(served: files.Served, header: str) -> None:
    response = files.serve(ask(Range=header), served)
    assert response.status_code == 200
    assert body(response) == CONTENT


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    empty = files.Served(path, "image/png", "e", "inline", "no-store")
    assert body(files.serve(ask(), empty)) == b""
    assert files.serve(ask(Range="bytes=0-"), empty).status_code == 416


@pytest.mark.parametrize("header", ['"abc"', 'W/"abc"', '"x", "abc"', "*"])
def test_what_the_browser_has_is_not_sent_again(served: files.Served, header: str) -> None:
    response = files.serve(ask(If_None_Match=header), served)
    assert response.status_code == 304
    assert response["ETag"] == '"abc"'
    assert body(response) == b""


def test_another_content_is_sent(served: files.Served) -> None:
    assert files.serve(ask(If_None_Match='"old"'), served).status_code == 200


def test_if_range(served: files.Served) -> None:
    same = files.serve(ask(Range="bytes=0-9", If_Range='"abc"'), served)
    changed = files.serve(ask(Range="bytes=0-9", If_Range='"old"'), served)
    assert (same.status_code, changed.status_code) == (206, 200)
    same.close()
    changed.close()


def test_head_sends_headers_only(served: files.Served) -> None:
    response = files.serve(ask("HEAD", Range="bytes=0-9"), served)
    assert (response.status_code, response["Content-Length"]) == (200, "1024")
    assert body(response) == b""


def test_a_missing_file(tmp_path: Path) -> None:
    gone = files.Served(tmp_path / "gone", "image/png", "e", "inline", "no-store")
    with pytest.raises(FileNotFoundError):
        files.serve(ask(), gone)


def test_no_file_stays_open(served: files.Served) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    body(files.serve(ask(), served))
    body(files.serve(ask("HEAD"), served))
    body(files.serve(ask(If_None_Match="*"), served))
    body(files.serve(ask(Range="bytes=5000-"), served))
    files.serve(ask(), served).close()
    assert count() == before


def test_a_deleted_file_is_still_sent_to_its_end(served: files.Served) -> None:
    response = files.serve(ask(), served)
    served.path.unlink()
    assert body(response) == CONTENT


def test_a_file_that_shrinks_breaks_the_answer(served: files.Served) -> None:
    response = files.serve(ask(), served)
    os.truncate(served.path, 10)
    with pytest.raises(OSError):
        body(response)
    response.close()
