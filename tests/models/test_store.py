"""Fetching models from a hub over HTTP: what is chosen, going on after an interruption, checksums,
and every refusal in a sentence. Not for the command and the API: see the files beside this one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from jobs import models_store
from jobs.models_store import Progress, check, fetch_for, model_states, remove_for
from ourvidz.errors import Refused
from tests.models.conftest import NAME, preset_of
from tests.models.hub_server import COMMIT, Hub, Repository, pipeline

UNET = "unet/diffusion_pytorch_model.safetensors"


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refusal(**wanted: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        fetch_for(preset_of(**wanted))
    assert str(refused.value)
    return refused.value


@pytest.fixture(autouse=True)
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of fetches in the background is another test's."""
    monkeypatch.setattr(models_store.live, "fetches", lambda slugs: {})


def state_of(preset: Any) -> Any:
    return model_states([preset])[0]


def test_of_a_pipeline_only_what_it_loads_is_fetched(hub: Hub, folder: Path) -> None:
    said: list[Progress] = []
    assert state_of(preset_of()).state == "absent"
    fetch_for(preset_of(), report=said.append)
    assert files_of(folder) == {
        "ourvidz.json",
        "model_index.json",
        "README.md",
        "unet/config.json",
        UNET,
        "scheduler/scheduler_config.json",
    }
    assert (folder / UNET).read_bytes() == hub.repositories[NAME].files[UNET]
    assert json.loads((folder / "ourvidz.json").read_text())["commit"] == COMMIT
    assert said[-1].done == said[-1].of > 100_000
    assert [one.done for one in said] == sorted(one.done for one in said)
    state = state_of(preset_of())
    assert (state.state, state.commit, state.can_be_removed) == ("here", COMMIT, True)


def test_a_variant_is_fetched_instead_of_the_plain_weights(hub: Hub, folder: Path) -> None:
    fetch_for(preset_of(options={"variant": "fp16"}))
    weights = {name for name in files_of(folder) if name.endswith(".safetensors")}
    assert weights == {"unet/diffusion_pytorch_model.fp16.safetensors"}


def test_loras_of_a_preset_are_fetched_with_it(hub: Hub, folder: Path) -> None:
    hub.repositories["owner/lora"] = Repository({"a.safetensors": b"1" * 2000, "b.bin": b"2"})
    preset = preset_of(options={"loras": [{"source": "owner/lora", "file": "a.safetensors"}]})
    fetch_for(preset)
    assert (folder.with_name("owner--lora") / "a.safetensors").is_file()
    assert state_of(preset).state == "here"


def test_an_interrupted_fetch_goes_on_where_it_was(hub: Hub, folder: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        # In the middle of the large file, as Ctrl-C would.
        if progress.file == UNET:
            raise Stopped

    weights = hub.repositories[NAME].files[UNET]
    partial = folder.with_name("owner--model.partial")
    (partial / "unet").mkdir(parents=True)
    (partial / f"{UNET}.part").write_bytes(weights[:60_000])
    with pytest.raises(Stopped):
        fetch_for(preset_of(), report=stop)
    assert not folder.exists()
    assert state_of(preset_of()).state == "partly"
    assert (partial / f"{UNET}.part").stat().st_size >= 60_000
    said: list[Progress] = []
    fetch_for(preset_of(), report=said.append)
    assert (folder / UNET).read_bytes() == weights
    assert hub.ranges(f"{NAME}/{UNET}") == ["bytes=60000-"]
    assert said[-1].done == said[-1].of
    assert not partial.exists()


def test_a_connection_that_breaks_is_continued(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is written at once: 10 MB for real models, of which an unfinished one is lost.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    hub.repositories[NAME].cut_after = 30_000
    fetch_for(preset_of())
    assert (folder / UNET).read_bytes() == hub.repositories[NAME].files[UNET]
    assert hub.ranges(f"{NAME}/{UNET}") == ["", "bytes=30000-"]


def test_a_file_of_an_older_revision_is_replaced_though_its_size_is_right(
    hub: Hub, folder: Path
) -> None:
    weights = hub.repositories[NAME].files[UNET]
    partial = folder.with_name(folder.name + ".partial")
    (partial / UNET).parent.mkdir(parents=True)
    (partial / UNET).write_bytes(b"x" * len(weights))
    fetch_for(preset_of())
    assert (folder / UNET).read_bytes() == weights


def test_what_is_here_is_not_fetched_again(hub: Hub, folder: Path) -> None:
    fetch_for(preset_of())
    before = len(hub.asked)
    fetch_for(preset_of())
    assert len(hub.asked) == before


@pytest.mark.parametrize("path", [UNET, "unet/config.json"])
def test_a_file_that_arrives_damaged_is_thrown_away(hub: Hub, folder: Path, path: str) -> None:
    repository = hub.repositories[NAME]
    repository.damaged[path] = b"?" * len(repository.files[path])
    refused = refusal()
    assert (refused.code, refused.params["file"]) == ("model_checksum", path)
    assert not folder.exists()
    repository.damaged.clear()
    fetch_for(preset_of())
    assert (folder / path).read_bytes() == repository.files[path]


def test_a_damaged_or_missing_file_is_found_later(hub: Hub, folder: Path) -> None:
    fetch_for(preset_of())
    assert check(preset_of()) == []
    content = bytearray((folder / UNET).read_bytes())
    content[5] ^= 1
    (folder / UNET).write_bytes(content)
    (folder / "unet/config.json").unlink()
    found = {problem.file: problem.is_missing for problem in check(preset_of())}
    assert found == {UNET: False, "unet/config.json": True}


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 50_000))
    assert refusal().code == "disk_too_full"
    assert hub.ranges(f"{NAME}/{UNET}") == []


def test_a_disk_that_fills_meanwhile_is_said(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(models_store.hub, "http_get", full)
        assert refusal().code == "disk_too_full"
    fetch_for(preset_of())
    assert state_of(preset_of()).state == "here"


def test_a_gated_model_is_explained(hub: Hub, folder: Path, settings: Any) -> None:
    repository = hub.repositories[NAME]
    repository.gated, repository.accepted_token = True, "hf_right"
    refused = refusal()
    assert refused.code == "hub_gated"
    assert f"{hub.url}/{NAME}" in str(refused)
    assert "HF_TOKEN" in str(refused)
    settings.HF_TOKEN = "hf_wrong"
    assert refusal().code == "hub_gated_refused"
    settings.HF_TOKEN = "hf_right"
    fetch_for(preset_of())
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"name": "owner/nothing"}, "hub_missing"),
        ({"revision": "older"}, "hub_revision"),
        ({"name": "owner/pickles"}, "weights_unsafe"),
        ({"name": "owner/empty"}, "hub_no_weights"),
        ({"name": "owner/loose"}, "hub_not_a_pipeline"),
        ({"name": "starter/nothing"}, "model_is_folder"),
        ({"name": "/nowhere/model"}, "model_is_folder"),
        (
            {"options": {"loras": [{"source": "owner/loose", "file": "b.safetensors"}]}},
            "hub_file_missing",
        ),
        ({"options": {"loras": [{"source": "owner/loose", "file": "a.bin"}]}}, "weights_unsafe"),
    ],
)
def test_what_cannot_be_fetched_is_refused(
    hub: Hub, folder: Path, wanted: dict[str, Any], code: str
) -> None:
    files = pipeline()
    pickles = {path: data for path, data in files.items() if "safetensors" not in path}
    index = {"model_index.json": b'{"scheduler": ["a", "b"]}', "scheduler/config.json": b"{}"}
    hub.repositories["owner/pickles"] = Repository(pickles)
    hub.repositories["owner/empty"] = Repository(index)
    hub.repositories["owner/loose"] = Repository({"a.bin": b"1", "c.safetensors": b"2"})
    assert refusal(**wanted).code == code


def test_a_hub_that_is_away_is_said(hub: Hub, settings: Any) -> None:
    settings.HF_ENDPOINT = "http://127.0.0.1:9"
    assert refusal().code == "hub_unreachable"


def test_offline_mode_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert refusal().code == "hub_offline"


def test_two_do_not_fetch_the_same_model(hub: Hub, folder: Path) -> None:
    refused = []

    def meanwhile(progress: Progress) -> None:
        if not refused:
            refused.append(refusal().code)

    fetch_for(preset_of(), report=meanwhile)
    assert refused == ["fetch_running"]


def test_a_model_is_taken_from_a_folder(hub: Hub, folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    (given / "unet").mkdir(parents=True)
    (given / "model_index.json").write_text("{}")
    (given / "unet/model.safetensors").write_bytes(b"1" * 5000)
    fetch_for(preset_of(), folder=given)
    assert (folder / "unet/model.safetensors").read_bytes() == b"1" * 5000
    assert check(preset_of()) == []
    assert hub.asked == []


def test_a_folder_with_pickles_or_without_a_model_is_refused(
    hub: Hub, folder: Path, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    with pytest.raises(Refused) as refused:
        fetch_for(preset_of(), folder=given)
    assert refused.value.code == "folder_not_a_model"
    (given / "model_index.json").write_text("{}")
    (given / "model.ckpt").write_bytes(b"1")
    with pytest.raises(Refused) as refused:
        fetch_for(preset_of(), folder=given)
    assert refused.value.code == "weights_unsafe"
    assert not folder.exists()


def test_what_was_fetched_can_be_removed(hub: Hub, folder: Path) -> None:
    fetch_for(preset_of())
    assert remove_for(preset_of()) > 100_000
    assert not folder.exists()
    with pytest.raises(Refused) as refused:
        remove_for(preset_of())
    assert refused.value.code == "model_absent"


def test_a_lora_that_another_preset_needs_stays(hub: Hub, folder: Path) -> None:
    hub.repositories["owner/lora"] = Repository({"a.safetensors": b"1" * 2000})
    hub.repositories["owner/second"] = Repository(pipeline())
    options = {"loras": [{"source": "owner/lora", "file": "a.safetensors"}]}
    first, second = preset_of(options=options), preset_of("owner/second", options=options)
    fetch_for(first)
    fetch_for(second)
    remove_for(first, others=[second])
    assert state_of(first).state == "absent"
    assert state_of(second).state == "here"


def test_starters_are_built_in(hub: Hub) -> None:
    assert state_of(preset_of("starter/image")).state == "built-in"
    assert state_of(preset_of("starter/nothing")).state == "missing"
