"""A hub, an empty folder for models, and presets whose models are on that hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from jobs import models_store
from jobs.models import Preset
from tests.models.hub_server import Hub, Repository, pipeline

NAME = "owner/model"


@pytest.fixture
def hub(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    # Other tests see to it that nothing is ever downloaded.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server = Hub()
    server.repositories[NAME] = Repository(pipeline())
    settings.HF_ENDPOINT = server.url
    settings.HF_TOKEN = ""
    settings.MODELS_DIR = tmp_path / "models"
    yield server
    server.close()


@pytest.fixture
def folder(hub: Hub, settings: Any) -> Path:
    """Where the model is once it is fetched."""
    return Path(settings.MODELS_DIR) / "owner--model"


@pytest.fixture(autouse=True)
def little_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine that runs the tests may be nearly full."""
    monkeypatch.setattr(models_store, "SPARE_BYTES", 0)


def preset_of(name: str = NAME, **columns: Any) -> Preset:
    values = {"slug": "far", "name": "Far", "family": "sdxl", "source": name, "licence": "MIT"}
    return Preset(**{**values, "quality": "fast", "is_enabled": True, **columns})
