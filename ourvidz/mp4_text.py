"""Reads the comment of an MP4, where workers write how a video was made, from the file's beginning.
Nothing is decoded: boxes are walked by their sizes, within what was sent. Not for other containers,
nor for anything about the film itself.
"""

from __future__ import annotations

import struct

COMMENT = b"\xa9cmt"
# The way to the comment; `meta` has four bytes of its own before what it holds.
PATH = (b"moov", b"udta", b"meta", b"ilst", COMMENT, b"data")
BEFORE = {b"meta": 4}
# Of `data`: what type it is, and a language.
DATA_HEAD = 8


def comment_of(beginning: bytes) -> str:
    """Return the comment in the first bytes of an MP4, or an empty text."""
    inside = beginning
    for name in PATH:
        inside = _inside(inside, name)[BEFORE.get(name, 0) :]
    return inside[DATA_HEAD:].decode("utf-8", "ignore")


def _inside(data: bytes, wanted: bytes) -> bytes:
    """Return what the first box of that name holds, as far as it is there."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name == wanted:
            return data[at + 8 : at + size] if size >= 8 else b""
        if size < 8:
            # To the file's end, or longer than four gigabytes: no box of ours comes after it.
            return b""
        at += size
    return b""
