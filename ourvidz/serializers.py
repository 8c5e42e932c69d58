"""How a stored file looks in the API: what it is, and urls that stay. Not for where it lies:
buckets, keys and places are nobody's business.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

ROOT = "https://ourvidz.example/media/01932f4c-6e5a-7c1e-9d53-0f2b5f0f9d01"
FILE = {
    "url": f"{ROOT}/original?v=9f86d081",
    "thumbnail_url": f"{ROOT}/thumbnail?v=9f86d081",
    "preview_url": None,
    "mime_type": "image/png",
    "bytes": 88211,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "width": 256,
    "height": 256,
    "duration": None,
    "fps": None,
    "frames": None,
    "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
}


class FileUrl(serializers.URLField):
    """A stable path as an absolute url; null where there is no file yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return self.context["request"].build_absolute_uri(value) if value else None


class StoredFileSerializer(serializers.ModelSerializer[Any]):
    """Base of whatever has a file."""

    url = FileUrl(help_text="The file. It needs the same session or token as the API.")
    thumbnail_url = FileUrl(help_text="A small WebP of it; of a video, its poster.")
    preview_url = FileUrl(help_text="A short loop of a video, as an animated WebP.")
