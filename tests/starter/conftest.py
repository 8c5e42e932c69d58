"""Fixtures of the starter model's tests: the committed folder, and a tiny world to train on.

Not for the worker that uses the model: that is tested in tests/workers.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "workers" / "gpu" / "starter" / "image"


@pytest.fixture(scope="session")
def folder() -> Path:
    """The model as it is shipped."""
    return FOLDER


@pytest.fixture(scope="session")
def words() -> dict[str, Any]:
    """What the model says it knows."""
    return json.loads((FOLDER / "words.json").read_text())


@pytest.fixture(autouse=True)
def gradients() -> Iterator[None]:
    """Training needs them; a test of the engine before this one has switched them off."""
    import torch

    with torch.enable_grad():
        yield


@pytest.fixture
def tiny_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A training folder of its own, four pictures to learn, things drawn without the network."""
    from workers.gpu.starter.training import lessons, loop, recipe, sprites, vae, world
    from workers.gpu.starter.training.video import clips, codec

    few, films = list(lessons.training_set())[:4], list(clips.training_set())[:4]
    for module in (recipe, sprites, loop):
        monkeypatch.setattr(module, "WORK", tmp_path)
    monkeypatch.setattr(lessons, "training_set", lambda **_: iter(few))
    monkeypatch.setattr(clips, "training_set", lambda: iter(films))
    caches = (
        *(vae.components, vae.mean_colours, world.thing),
        *(codec.components, codec.latents, codec.mean_colours, clips.thing),
    )
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()
