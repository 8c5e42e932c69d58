"""Says what a clip shows and what moves in it; used only for scoring.

Things, places and times are asked of the image model's judge, who never saw a clip, on the frame
where a thing is on its spot and on the middle one. Motion is measured on the frames, not learnt.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from .. import classifier
from ..recipe import placed
from . import clips

MIDDLE = clips.FRAMES // 2
PATCH = slice(48, 88), slice(44, 84)  # rows and columns where a thing is in the middle of a clip
FAR = 34  # pixels that a thing may be from there
MOVED = 14  # pixels, of 32, that count as moving
SUNK = 10  # pixels that the sun must sink by in the first 6 frames; it should be 24
SKY = 64  # rows that the sun is looked for in
SIDES = 30  # columns at the left and at the right that the sun is looked for in
FLAKE_RISE = 12.0  # brightness that a falling flake adds where it comes, at least in some places


class Seen(NamedTuple):
    """What the judge saw: None for a thing, a time or a motion that is not there."""

    place: str | None
    time: str | None
    thing: str | None
    motion: str | None


def look(judge: classifier.Judge, films: np.ndarray, motions: list[str]) -> list[Seen]:
    """What films (n, FRAMES, SIDE, SIDE, 3) uint8 show; ``motions``: what each was asked for."""
    return [_look(judge, film, motion) for film, motion in zip(films, motions, strict=True)]


def right(clip: clips.Clip, seen: Seen) -> dict[str, bool]:
    """For each question whether the clip shows what it should."""
    return {
        "place": seen.place == clip.scene.place,
        "time": seen.time == clip.scene.time,
        "thing": seen.thing == clip.thing,
        "motion": seen.motion == clip.motion,
    }


def accuracy_on_drawn_clips(judge: classifier.Judge, count: int) -> dict[str, float]:
    """Share of right answers to each question on drawings that nothing was trained on."""
    rng, everything = np.random.default_rng(11), clips.clips()
    marks = []
    for number in range(count):
        clip = everything[rng.integers(len(everything))]
        drawn = clips.film(clip, classifier.TEST_FROM + number % classifier.POOL)
        marks.append(right(clip, _look(judge, drawn, clip.motion)))
    return {question: sum(mark[question] for mark in marks) / count for question in marks[0]}


def _look(judge: classifier.Judge, film: np.ndarray, motion: str) -> Seen:
    home = clips.FRAMES - 1 if motion == "falls" else 0
    frames = placed(film[[home, MIDDLE]]).permute(0, 3, 1, 2).float() / 127.5 - 1
    first, middle = classifier.ask(judge, frames)
    thing = first["thing"] if first["thing"] == middle["thing"] else None
    return Seen(first["place"], first["time"], thing, motion_of(film))


def motion_of(film: np.ndarray) -> str | None:
    """The motion in a film (FRAMES, SIDE, SIDE, 3) uint8, the first of these that is there."""
    measures: tuple[Callable[[np.ndarray], str | None], ...] = (_way, _sunset, _snowfall)
    for measure in measures:
        found = measure(film.astype(np.float32))
        if found:
            return found
    return None


def _way(film: np.ndarray) -> str | None:
    """Where the thing goes: its middle is looked for in the first frame and in the last."""
    before, after = _find(film, 0), _find(film, clips.FRAMES - 1)
    down, across = after[0] - before[0], after[1] - before[1]
    if max(abs(down), abs(across)) < MOVED:
        return None
    if abs(across) > abs(down):
        return "right" if across > 0 else "left"
    return "falls" if down > 0 else "rises"


def _find(film: np.ndarray, number: int) -> tuple[int, int]:
    """How far down and across the middle frame's patch is found in another frame, in pixels."""
    patch = torch.from_numpy(film[MIDDLE][PATCH]).permute(2, 0, 1)
    rows = slice(PATCH[0].start - FAR, PATCH[0].stop + FAR)
    columns = slice(PATCH[1].start - FAR, PATCH[1].stop + FAR)
    area = torch.from_numpy(film[number]).permute(2, 0, 1)[:, rows, columns]
    windows = area.unfold(1, patch.shape[1], 1).unfold(2, patch.shape[2], 1)
    off = (windows - patch[:, None, None]).abs().mean((0, 3, 4))
    best = int(off.argmin())
    return best // off.shape[1] - FAR, best % off.shape[1] - FAR


def _sunset(film: np.ndarray) -> str | None:
    """Whether the sun sinks: the yellowest spot beside the middle, looked for at the start."""
    before, after = _sun(film[0]), _sun(film[6])
    return "sets" if after - before >= SUNK else None


def _sun(frame: np.ndarray) -> int:
    """The row of the yellowest spot in the sky, left and right of the middle."""
    yellow = np.minimum(frame[..., 0], frame[..., 1]) - frame[..., 2]
    sides = np.concatenate([yellow[:SKY, :SIDES], yellow[:SKY, -SIDES:]], axis=1)
    smooth = F.avg_pool2d(torch.from_numpy(sides)[None], 9, stride=1)[0]
    return int(smooth.argmax()) // smooth.shape[1]


def _snowfall(film: np.ndarray) -> str | None:
    """Whether small bright spots go down: what comes below is what was above a moment ago."""
    grey = film.mean(-1)
    spots = np.clip(grey - np.median(grey, axis=0), 0, None)
    step = 4
    before, after = spots[:-step].reshape(-1, *spots.shape[1:]), spots[step:]
    shift = clips.PACE * step
    fallen = (before[:, :-shift] * after[:, shift:]).mean()
    stayed = (before * after).mean()
    enough = (spots > FLAKE_RISE).mean() > 0.004
    return "snowing" if enough and fallen > 1.5 * stayed else None
