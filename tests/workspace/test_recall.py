"""Settings that come back out of files, masks, and LoRAs to choose from. Not for what a browser
makes of them: see tests/browser.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from accounts.models import User
from jobs.models import Preset
from jobs.presets import sync_presets
from library.models import Reference
from ourvidz import rows
from ourvidz.mp4_text import comment_of
from workers.models import WorkerUrl
from workspace.forms import PresetForm
from workspace.recall import recalled

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}
SETTINGS = {
    "prompt": "a fox <in> the snow",
    "seed": 7,
    "preset": "starter-fast",
    "parameters": {"width": 256, "height": 192, "steps": 12, "unknown": 3},
}


@pytest.fixture(autouse=True)
def presets(db: None) -> None:
    with rows.as_service("test data"):
        sync_presets()


@pytest.fixture
def client(user: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(user)


def png(settings: Any) -> SimpleUploadedFile:
    info = PngInfo()
    info.add_itxt("ourvidz", json.dumps(settings))
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG", pnginfo=info)
    return SimpleUploadedFile("fox.png", file.getvalue(), "image/png")


def mp4(settings: Any) -> bytes:
    """A video of four frames, as a worker writes it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        container.metadata["comment"] = json.dumps(settings, ensure_ascii=False)
        stream: Any = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for shade in range(4):
            pixels = numpy.full((64, 64, 3), shade * 40, numpy.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(stream.encode())
    return file.getvalue()


def test_an_upload_that_was_made_here_offers_its_settings_in_parts(client: Client) -> None:
    answer = client.post("/workspace/references/add", {"file": png(SETTINGS)}, headers=FRAGMENT)
    offer = answer.json()["recall"]
    assert offer.count("data-use=") == 5
    assert "&lt;in&gt;" in offer
    assert "unknown" not in offer
    plain = client.post("/workspace/references/add", {"file": png({})}, headers=FRAGMENT)
    assert plain.json()["recall"] == ""


def test_a_video_says_it_by_its_beginning(client: Client) -> None:
    # Where a film's pictures come first, the end is sent as well as long as it is short.
    file = SimpleUploadedFile("fox.mp4", mp4(SETTINGS), "video/mp4")
    answer = client.post("/workspace/references/recall", {"file": file}, headers=FRAGMENT)
    assert b"The seed" in answer.content
    junk = SimpleUploadedFile("junk.mp4", b"\0\0\0\x10ftyp" + bytes(900), "video/mp4")
    answer = client.post("/workspace/references/recall", {"file": junk}, headers=FRAGMENT)
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_comment_is_the_one_that_was_written() -> None:
    assert json.loads(comment_of(mp4({"prompt": "ein Schloß"}))) == {"prompt": "ein Schloß"}


@given(st.binary(max_size=300))
def test_whatever_comes_there_is_an_answer(data: bytes) -> None:
    comment_of(data)
    comment_of(b"\0\0\1\0moov" + data)


@pytest.mark.parametrize(
    "found", [None, [], {"prompt": 3}, {"seed": True}, {"parameters": "x"}, {"preset": {"a": 1}}]
)
def test_what_anybody_wrote_there_is_not_believed(found: Any) -> None:
    assert recalled(found) is None


def test_a_mask_is_kept_beside_the_pictures(client: Client, user: User) -> None:
    form = {"file": png({}), "purpose": "mask"}
    answer = client.post("/workspace/references/add", form, headers=FRAGMENT).json()
    assert answer["role"] == "mask"
    with rows.as_user(user):
        kept = Reference.objects.for_user(user).get(pk=answer["id"])
        assert kept.purpose == Reference.Purpose.MASK
        assert (kept.width, kept.height) == (64, 48)


def test_loras_of_the_folder_and_of_workers_can_be_chosen(settings: Any, tmp_path: Path) -> None:
    settings.LORAS_DIR = tmp_path
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "ink.safetensors").touch()
    (tmp_path / "old.ckpt").touch()
    cache.delete("workspace.loras")
    with rows.as_service("test"):
        for name, status, lora in (
            ("near", "active", "styles/ink.safetensors"),
            ("far", "active", "far.safetensors"),
            ("gone", "gone", "lost.safetensors"),
        ):
            WorkerUrl.objects.create(name=name, token_digest=name, status=status, loras=[lora])
        able = next(one for one in Preset.objects.all() if one.can("lora"))
    field = next(one for one in PresetForm(able).fields if one["type"] == "loras")
    assert field["known"] == ["far.safetensors", "styles/ink.safetensors"]
    cache.delete("workspace.loras")
