"""The loop that every stage trains in: seeded by step, resumable at any step, weights averaged.

Knows nothing of what is trained: a stage hands over a model and a function from step to loss.
"""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from .recipe import SEED, WORK, Progress, load, save

SAVE_EVERY = 120.0  # seconds
FOLLOW = 5  # steps between two updates of the averaged weights


class Loop:
    """Trains ``model`` with Adam to a total number of steps; continues where a kill left it."""

    def __init__(
        self,
        name: str,
        model: nn.Module,
        *,
        rate: float,
        total: int,
        decay: float = 0.998,
        again: bool = False,
    ) -> None:
        self.name, self.model, self.rate, self.total, self.decay = name, model, rate, total, decay
        self.again = again  # whether the model came with published weights, for the card
        self.optimiser = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad], lr=rate, weight_decay=0.0
        )
        self.average = {key: value.detach().clone() for key, value in model.state_dict().items()}
        self.start, self.seconds, self.began = 0, 0.0, time.monotonic()
        self._resume()

    def run(self, loss_at: Callable[[int], torch.Tensor]) -> None:
        """Train; at the end the model carries its averaged weights."""
        progress, saved = Progress(self.name, self.total, self.start), time.monotonic()
        for step in range(self.start, self.total):
            # Chance follows from the step alone, so a resumed run sees what an unbroken one would.
            torch.manual_seed(SEED * 1_000_003 + step)
            loss = loss_at(step)
            self._descend(step, loss)
            progress.step(step + 1, loss.item())
            if time.monotonic() - saved > SAVE_EVERY:
                saved = time.monotonic()
                self._save(step + 1)
        if self.total > self.start:
            self._save(self.total)
        self.model.load_state_dict(self.average)

    def _descend(self, step: int, loss: torch.Tensor) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * _share(step, self.total)
        self.optimiser.step()
        if step % FOLLOW == 0:
            self._follow(step)

    def _follow(self, step: int) -> None:
        """Move the averaged weights; not at every step, which would cost a tenth of the time."""
        # Early on the average follows quickly, or it would drag the first random weights along.
        keep = min(self.decay, (step + 1) / (step + 10)) ** FOLLOW
        with torch.no_grad():
            for key, value in self.model.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[key].lerp_(value, 1 - keep)
                else:
                    self.average[key].copy_(value)

    def _resume(self) -> None:
        state = load(self.name)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.start = state["average"], state["step"]
        self.seconds = state.get("seconds", 0.0)
        print(f"{self.name}: goes on at step {self.start}", flush=True)

    def _save(self, step: int) -> None:
        save(
            self.name,
            {
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "average": self.average,
                "step": step,
                "again": self.again,
                "seconds": self.seconds + time.monotonic() - self.began,
            },
        )


def note_process() -> None:
    """Add this process's id to ``var/training/pid``, for whoever needs the machine quiet."""
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / "pid"
    noted = file.read_text().split() if file.exists() else []
    alive = [number for number in noted if Path(f"/proc/{number}").exists()]
    file.write_text("\n".join([*alive, str(os.getpid())]) + "\n")


def _share(step: int, total: int) -> float:
    """Part of the full rate: up for a hundred steps, then down a half cosine to nothing."""
    return min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / max(total, 1)))
