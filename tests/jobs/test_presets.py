"""Presets as data: the file is checked and says what is wrong with it, operators' changes survive
it, and only what is installed is offered. Not for fetching models: see tests/models.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobs import presets
from jobs.models import Preset
from jobs.preset_file import BadPresets, read_presets
from jobs.presets import FILE, forget_edits, note_edits, note_installed, switch_preset, sync_presets
from jobs.services import queue_job
from jobs.specs import JobSpec, checked_parameters
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from workers.models import WorkerUrl

pytestmark = pytest.mark.django_db

SMALL = """
[parameters.steps]
type = "integer"
min = 1
max = 10
default = 4

[[preset]]
slug = "one"
name = "One"
family = "sdxl"
source = "starter/image"
licence = "MIT"
content_type = "image"
quality = "fast"
job_type = "image_fast"
bucket_name = "image_fast"
queue = "gpu.image"
capabilities = ["text_to_image"]
parameters = ["steps"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def test_what_comes_from_the_hub_is_one_commit_and_no_other() -> None:
    hub = [given for given in read_presets(FILE) if not given["source"].startswith("starter/")]
    assert len(hub) >= 6
    for given in hub:
        added = given.get("options", {}).get("loras", [])
        for revision in (given["revision"], *[lora["revision"] for lora in added]):
            assert re.fullmatch("[0-9a-f]{40}", revision), given["slug"]


def sync(path: Path = FILE) -> None:
    with as_service("test"):
        sync_presets(path)


def preset(slug: str) -> Preset:
    with as_service("test"):
        return Preset.objects.get(slug=slug)


def test_our_own_file_is_right() -> None:
    found = {one["slug"]: one for one in read_presets(FILE)}
    assert {"starter-fast", "sdxl-base", "flux2-klein", "z-image-turbo", "wan-1-3b"} <= set(found)
    for one in found.values():
        assert one["licence"]
        if not one["source"].startswith("starter/"):
            assert one["licence_url"].startswith("https://")
            assert one["size_bytes"] > 10**9


def test_licences_without_commercial_use_start_switched_off() -> None:
    off = [one for one in read_presets(FILE) if not one.get("commercial", True)]
    assert off
    assert not any(one["enabled"] for one in off)


def test_capabilities_bring_their_settings() -> None:
    for one in read_presets(FILE):
        names = {parameter["name"] for parameter in one["parameters"]}
        assert ("loras" in names) == ("lora" in one["capabilities"])
        assert ("variation_seed" in names) == ("variation" in one["capabilities"])


def test_a_shared_setting_can_be_changed_for_one_preset(file: Path) -> None:
    changed = SMALL.replace('"steps"]', '{ use = "steps", default = 9 }]')
    file.write_text(changed)
    assert read_presets(file)[0]["parameters"][0] | {} == {
        "name": "steps",
        "type": "integer",
        "min": 1,
        "max": 10,
        "default": 9,
    }


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('slug = "one"', 'slug = "one', "small.toml cannot be read"),
        ('"steps"]', '"stops"]', "no shared parameter “stops”"),
        ("default = 4", "default = 40", "“steps”: its default: steps must be between 1 and 10"),
        ("default = 4", "", "“default” is missing"),
        ("max = 10", "", "“min” and “max”"),
        ('type = "integer"', 'type = "colour"', "“type” must be one of"),
        ("min = 1", "low = 1", "no field “low”"),
        ('licence = "MIT"', "", "“licence” is missing"),
        ('licence = "MIT"', "licence = 5", "“licence” cannot be 5"),
        ('queue = "gpu.image"', 'queue = "gpu"', "“queue” must be one of gpu.image"),
        ('"image_fast"\nqueue', '"pictures"\nqueue', "“bucket_name” must be one of"),
        ('["text_to_image"]', '["text_to_sound"]', "no capability “text_to_sound”"),
        ('["text_to_image"]', '["text_to_video"]', "“text_to_video” makes no image"),
        ('["text_to_image"]', "[]", "nothing that it can make"),
        ('["text_to_image"]', '["edit"]', "“max_references” is at least 1"),
        ('["text_to_image"]', '["text_to_image", "lora"]', "no shared parameter “loras”"),
        ('"steps"]', '"steps", "steps"]', "“steps” is there twice"),
        ('quality = "fast"', 'quality = "fast"\ncommercial = false', "set enabled = false"),
        ('quality = "fast"', 'quality = "fast"\nspeed = 3', "no field “speed”"),
        ('quality = "fast"', 'quality = "fast"\noptions = { fp16 = 1 }', "no option “fp16”"),
        ("[parameters.steps]", "[settings]\n[parameters.steps]", "no table “settings”"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(file: Path, old: str, new: str, says: str) -> None:
    assert old in SMALL
    file.write_text(SMALL.replace(old, new))
    with pytest.raises(BadPresets) as problem:
        read_presets(file)
    assert says in str(problem.value)
    assert "small.toml" in str(problem.value)


def test_a_bad_file_changes_nothing(file: Path) -> None:
    sync()
    file.write_text(SMALL + SMALL.partition("[[preset]]")[1] + "\nslug = 'two'")
    with as_service("test"), pytest.raises(BadPresets):
        sync_presets(file)
    with as_service("test"):
        assert not Preset.objects.filter(slug__in=["one", "two"]).exists()


def test_what_an_operator_changed_survives_the_file() -> None:
    sync()
    with as_service("test"):
        starter = Preset.objects.get(slug="starter-fast")
        Preset.objects.filter(pk=starter.pk).update(sort_order=99, licence="mine")
        note_edits(starter, ["sort_order", "licence"])
        switch_preset(preset=Preset.objects.get(slug="starter-high"), on=False)
    sync()
    kept = preset("starter-fast")
    # A licence is a fact of the file, not an operator's choice.
    assert (kept.sort_order, kept.licence, kept.edited) == (99, "MIT", ["sort_order"])
    assert not preset("starter-high").is_enabled
    with as_service("test"):
        forget_edits(["starter-fast", "starter-high"])
    assert (preset("starter-fast").sort_order, preset("starter-fast").edited) == (0, [])
    assert preset("starter-high").is_enabled


def test_only_what_is_installed_is_offered_and_queued(user: Any) -> None:
    sync()
    with as_user(user):
        offered = set(Preset.objects.offered().values_list("slug", flat=True))
        assert "starter-fast" in offered
        assert "sdxl-base" not in offered
        with pytest.raises(Refused) as refused:
            queue_job(user=user, spec=JobSpec(prompt="a castle", preset="sdxl-base"))
    assert refused.value.code == "preset_not_installed"


@pytest.mark.parametrize(
    "said",
    [
        {"presets": ["z-image-turbo"]},
        {"sources": ["Tongyi-MAI/Z-Image-Turbo"]},
    ],
)
def test_a_worker_may_say_that_it_has_a_model(said: dict[str, list[str]]) -> None:
    sync()
    assert not preset("z-image-turbo").is_installed
    with as_service("test"):
        worker = WorkerUrl.objects.create(name="far", token_digest="x", status="active", **said)
        note_installed()
        assert preset("z-image-turbo").is_installed
        WorkerUrl.objects.filter(pk=worker.pk).update(status="gone")
        note_installed()
    assert not preset("z-image-turbo").is_installed


def test_a_fetched_model_is_found_by_its_folder(settings: Any, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path
    folder = tmp_path / "stabilityai--stable-diffusion-xl-base-1.0"
    folder.mkdir()
    (folder / "model_index.json").write_text("{}")
    sync()
    assert preset("sdxl-base").is_installed
    # The same model, but its LoRA is not there.
    assert not preset("sdxl-lightning").is_installed
    lora = tmp_path / "ByteDance--SDXL-Lightning"
    lora.mkdir()
    (lora / "sdxl_lightning_4step_lora.safetensors").write_text("")
    with as_service("test"):
        note_installed()
    assert preset("sdxl-lightning").is_installed


def test_every_row_can_be_offered_by_the_words_of_the_file() -> None:
    sync()
    with as_service("test"):
        for row in Preset.objects.all():
            assert checked_parameters(row, {})
            assert presets.words_of(row) is not None


LORAS = {"name": "loras", "type": "loras", "max": 2, "default": []}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a", "parameter_type"),
        (["a"], "parameter_type"),
        ([{"source": "a/b"}] * 3, "loras_many"),
        ([{"source": "../secrets"}], "lora_source"),
        ([{"source": "/etc/passwd"}], "lora_source"),
        ([{"source": "a/../../b"}], "lora_source"),
        ([{"source": 5}], "lora_source"),
        ([{}], "lora_source"),
        ([{"source": "a/b", "path": "x"}], "lora_source"),
        ([{"source": "a/b", "weight": 3}], "lora_weight"),
        ([{"source": "a/b", "weight": "1"}], "lora_weight"),
        ([{"source": "a/b", "weight": float("nan")}], "lora_weight"),
    ],
)
def test_a_lora_that_cannot_be_is_refused(value: Any, code: str) -> None:
    able = Preset(name="x", quality="fast", parameters=[LORAS])
    with pytest.raises(Refused) as refused:
        checked_parameters(able, {"loras": value})
    assert refused.value.code == code
    assert str(refused.value)


def test_loras_are_kept_with_their_weights() -> None:
    able = Preset(name="x", quality="fast", parameters=[LORAS])
    wanted = [{"source": "owner/name", "weight": -0.5}, {"source": "mine.safetensors"}]
    assert checked_parameters(able, {"loras": wanted})["loras"] == [
        {"source": "owner/name", "weight": -0.5},
        {"source": "mine.safetensors", "weight": 1.0},
    ]


def test_variations_share_the_seed_and_differ_in_their_own(user: Any) -> None:
    sync()
    wanted = {"variation_strength": 0.15}
    spec = JobSpec(prompt="a castle", preset="starter-fast", parameters=wanted, seed=7, count=3)
    with as_user(user):
        jobs = queue_job(user=user, spec=spec)
    assert {job.seed for job in jobs} == {7}
    first = jobs[0].parameters["variation_seed"]
    assert first > 0
    assert [job.parameters["variation_seed"] for job in jobs] == [first, first + 1, first + 2]


def test_a_word_that_is_got_wrong_is_not_said_to_be_known(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    words = {
        "things": [{"word": "fox", "score": 0.8}, {"word": "owl", "score": 0.79}],
        "motions": [{"word": "rises", "synonyms": ["climbs"], "score": 1.0}],
        "sizes": [{"word": "big", "synonyms": ["huge"], "score": 0.9}],
    }
    (tmp_path / "words.json").write_text(json.dumps(words))
    found = presets.words_of(Preset(words_path="words.json"))
    assert (found.groups["things"], found.groups["motions"]) == (["fox"], ["rises"])
    assert found.groups["sizes"] == ["big"]
    assert found.unknown("A huge owl climbs") == ["a", "owl"]
