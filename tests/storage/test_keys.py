"""The key layout is the seed's, and no name leads out of it."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ourvidz.storage import keys

USER, SESSION, ROW = (uuid.UUID(int=number) for number in (1, 2, 3))


def test_the_seeds_buckets_and_layout() -> None:
    assert len(keys.BUCKETS) == 8
    assert keys.workspace_key(USER, SESSION, "image", ROW, "png") == (
        f"{USER}/workspace/{SESSION}/images/{ROW}.png"
    )
    assert keys.library_key(USER, "video", ROW, "mp4") == f"{USER}/library/videos/{ROW}.mp4"
    assert keys.reference_key(USER, ROW, "jpg") == f"{USER}/references/{ROW}.jpg"
    assert keys.thumbnail_key("a/b/c.png") == "a/b/c.thumb.webp"
    assert keys.media_path(ROW, "thumbnail", "0123456789") == f"/media/{ROW}/thumbnail?v=01234567"


def test_a_later_attempt_has_a_name_of_its_own() -> None:
    first = keys.library_key(USER, "image", ROW, "png")
    second = keys.library_key(USER, "image", ROW, "png", attempt=2)
    assert first != second


def test_every_key_of_a_person_names_its_owner() -> None:
    for key in (
        keys.workspace_key(USER, SESSION, "image", ROW, "png"),
        keys.library_key(USER, "video", ROW, "mp4", attempt=12),
        keys.reference_key(USER, ROW, "jpg"),
    ):
        assert keys.owner_in(key) == keys.owner_in(keys.thumbnail_key(key)) == USER
    for key in ("notes.txt", f"someone/{ROW}.png", f"{USER}/notes.txt", f"x{USER}/{ROW}.png"):
        assert keys.owner_in(key) is None


def test_a_thumbnail_is_needed_by_what_it_stands_beside() -> None:
    key = keys.library_key(USER, "video", ROW, "mp4")
    assert key in keys.originals_of(keys.thumbnail_key(key))
    assert keys.originals_of(key) == [key]


@pytest.mark.parametrize(
    "key",
    [
        "../secret.png",
        "a/../../b.png",
        "/etc/passwd",
        "a//b.png",
        "a/./b.png",
        "a/.hidden.png",
        "",
        ".",
        "a\\..\\b.png",
        "a\x00.png",
        "a.png\n",
        "ä.png",
        "a" * 400,
    ],
)
def test_names_that_could_leave_the_bucket_are_refused(key: str) -> None:
    with pytest.raises(keys.BadName):
        keys.object_name("image_fast", key)


@given(st.text())
def test_whatever_is_accepted_stays_inside(key: str) -> None:
    try:
        name = keys.object_name("image_fast", key)
    except keys.BadName:
        return
    path = PurePosixPath(name)
    assert path.parts[0] == "image_fast" and len(path.parts) > 1
    assert not path.is_absolute() and ".." not in path.parts


def test_only_known_buckets_kinds_and_variants() -> None:
    for call in (
        lambda: keys.object_name("incoming", "a.png"),
        lambda: keys.library_key(USER, "image", ROW, "html"),
        lambda: keys.mime_type_of("a/b.svg"),
        lambda: keys.media_path(ROW, "source", "00"),
    ):
        with pytest.raises(keys.BadName):
            call()
