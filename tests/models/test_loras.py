"""LoRAs from a hub over HTTP, into the folder that people choose from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from jobs.specs import checked_loras
from tests.models.hub_server import Hub, Repository
from workers.gpu.config import Places
from workers.gpu.loras import here, lora

pytestmark = pytest.mark.django_db
ENTRY = {"name": "loras", "type": "loras", "max": 4}


@pytest.fixture
def folder(hub: Hub, settings: Any, tmp_path: Path) -> Path:
    """Where LoRAs are; the hub has one, one of two files, and a pickle."""
    settings.LORAS_DIR = tmp_path / "loras"
    hub.repositories["owner/one"] = Repository({"a.safetensors": b"1" * 4000, "README.md": b"#"})
    two = {"a.safetensors": b"1" * 2000, "b.safetensors": b"2" * 3000}
    hub.repositories["owner/two"] = Repository(two)
    hub.repositories["owner/old"] = Repository({"a.bin": b"3" * 2000})
    return tmp_path / "loras"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("models", "lora", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_a_lora_is_found_by_its_hub_id_and_by_its_file(folder: Path, hub: Hub) -> None:
    said = run("owner/one")
    assert "owner/one/a.safetensors is here" in said and f"{hub.url}/owner/one" in said
    places = Places(folder / "none", folder)
    assert here(places) == ["owner/one/a.safetensors"]
    for name in ("owner/one", "owner/one/a.safetensors"):
        [wanted] = checked_loras(ENTRY, [{"source": name}])
        assert lora(wanted, places).file == str(folder / "owner/one/a.safetensors")


def test_an_interrupted_fetch_goes_on(folder: Path, hub: Hub) -> None:
    part = folder / "owner/one/a.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"1" * 1500)
    run("owner/one")
    assert hub.ranges("owner/one/a.safetensors") == ["bytes=1500-"]
    assert (folder / "owner/one/a.safetensors").read_bytes() == b"1" * 4000


def test_of_several_files_one_is_named(folder: Path) -> None:
    with pytest.raises(CommandError, match=r"one of them: a\.safetensors, b\.s"):
        run("owner/two")
    assert "owner/two/b.safetensors is here" in run("owner/two", "--file", "b.safetensors")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("owner/none",), "The hub has no “owner/none”"),
        (("../../etc",), "The hub has no"),
        (("owner/old",), "no safetensors file"),
        (("owner/old", "--file", "a.bin"), "no safetensors file"),
        (("owner/one", "--file", "c.safetensors"), "has no file c.safetensors"),
        (("owner/one", "--revision", "other"), "has no revision other"),
    ],
)
def test_why_not_is_said(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*arguments)
    assert not list(folder.rglob("*.*"))


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import models_store

    monkeypatch.setattr(models_store, "SPARE_BYTES", 10**18)
    with pytest.raises(CommandError, match="Make room first"):
        run("owner/one")
