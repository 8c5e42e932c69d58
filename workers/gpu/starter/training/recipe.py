"""Sizes, folders, the seed and the checkpoints that every stage of the training shares.

Not for what a stage alone decides (its rate, its batch): that stays in the stage's own module.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[4]
WORK = Path(os.environ.get("STARTER_WORK", ROOT / "var" / "training"))
STARTER = Path(__file__).resolve().parents[1]
IMAGE_FOLDER, VIDEO_FOLDER = STARTER / "image", STARTER / "video"

SEED = 20
SIDE = 256  # pixels along a picture
CELL = 16  # pixels along one latent cell
GRID = SIDE // CELL  # latent cells along a picture
LATENT_CHANNELS = 24
CROP = 8  # cells along the windows that the decoder learns on, but for its last steps


def save(name: str, state: Mapping[str, Any]) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old or the new one, never half."""
    fresh = WORK / f"{name}.new"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state), fresh)
    fresh.replace(WORK / f"{name}.pt")


def load(name: str) -> dict[str, Any] | None:
    """The checkpoint saved under this name, or None when there is none yet."""
    path = WORK / f"{name}.pt"
    if not path.exists():
        return None
    return torch.load(path, map_location=torch.get_default_device(), weights_only=False)


def adopt(name: str, published: Path) -> None:
    """Take published tensors as the checkpoint of this name, unless there is one already."""
    if load(name) is None and published.exists():
        save(name, load_file(published))


def placed(numbers: np.ndarray) -> torch.Tensor:
    """The numbers as a tensor on the device that training runs on."""
    return torch.from_numpy(numbers).to(torch.get_default_device())


class Progress:
    """Prints one line now and then: stage, step, smoothed loss, steps a second."""

    def __init__(self, stage: str, total: int, start: int = 0, every: float = 20.0) -> None:
        self.stage, self.total, self.every = stage, total, every
        self.first, self.began = start, time.monotonic()
        self.printed, self.loss = self.began, float("nan")

    def step(self, step: int, loss: float) -> None:
        """Count one step; the loss is smoothed over about a hundred steps."""
        known = self.loss == self.loss
        self.loss = 0.99 * self.loss + 0.01 * loss if known else loss
        now = time.monotonic()
        if now - self.printed < self.every and step < self.total:
            return
        self.printed = now
        rate = (step - self.first) / max(now - self.began, 1e-6)
        print(f"{self.stage} {step}/{self.total} loss {self.loss:.4f} {rate:.2f}/s", flush=True)
