"""Generates pictures for captions that were never trained on, and lets the judge mark them.

Uses the exported folder through the same pipeline call as the worker, so the marks are for what
people get. Writes ``score.json`` (read by the card) and ``score.png`` (to look at) to var/training.
"""

import json
import statistics
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline
from PIL import Image

from . import beginning, classifier, lessons, unet, vae, world
from .card import KINDS
from .export import FAST, export, knows_sizes, trained_before
from .recipe import IMAGE_FOLDER, WORK, load

SEEDS = 1  # pictures for each held-out caption
BATCH = 10
FRESH = 300  # drawings that the judge itself is tested on
SHOWN = 6  # of so many pictures one is kept to be looked at

Mark = tuple[dict[str, str | None], dict[str, str | None]]  # what was asked for, what was seen


def score(seeds: int = SEEDS, count: int | None = None) -> dict[str, Any]:
    """Score the exported folder on held-out captions, ``count`` of each kind at most; returns and
    writes the result.
    """
    judge = classifier.trained()
    sure = classifier.accuracy_on_fresh_drawings(judge, FRESH)
    print("judge on fresh drawings", sure, flush=True)
    painter, page = Painter(), []
    exams: dict[str, list[Mark]] = {}
    edges: list[float] = []
    for name, subjects in lessons.exam(rounds=rounds_behind()).items():
        marks, pictures, sharp = examine(judge, painter, subjects[:count], seeds)
        exams[name], edges = marks, edges + sharp
        page += pictures[::SHOWN]
        print(f"score {name} {_shares(marks)}", flush=True)
    result = _result(sure, exams, edges)
    result["beginning"] = beginning.marks(painter.pipe, judge)
    (WORK / "score.json").write_text(json.dumps(result, indent=1))
    sheet(page).save(WORK / "score.png")
    return result


def examine(
    judge: classifier.Judge, painter: "Painter", subjects: list[world.Subject], seeds: int
) -> tuple[list[Mark], list[np.ndarray], list[float]]:
    """For each subject and seed the mark, the picture, and how strong its edges are beside those of
    a drawing of the same.
    """
    marks: list[Mark] = []
    pictures: list[np.ndarray] = []
    sharp: list[float] = []
    for seed in range(seeds):
        for group in _groups(subjects, BATCH):
            drawn = painter.paint([world.caption(subject) for subject in group], seed)
            shown = vae.to_tensor(drawn)
            marks += zip(map(classifier.answers, group), classifier.ask(judge, shown), strict=True)
            pictures += list(drawn)
            true = vae.drawn((subject, classifier.TEST_FROM) for subject in group)
            sharp += (vae.edges(shown) / vae.edges(true)).tolist()
    return marks, pictures, sharp


def stage() -> None:
    """Score, then write the folder once more, for the card to give the scores."""
    score()
    export()


class Painter:
    """The exported pipeline, called as the worker calls it."""

    def __init__(self) -> None:
        self.pipe = StableDiffusionXLPipeline.from_pretrained(
            IMAGE_FOLDER, torch_dtype=torch.float32
        )
        self.pipe.set_progress_bar_config(disable=True)

    def paint(self, captions: list[str], seed: int) -> np.ndarray:
        """One picture for each caption, (n, 256, 256, 3) uint8; the seed follows the caption."""
        chance = [torch.Generator().manual_seed(seed * 1000 + len(text)) for text in captions]
        drawn = self.pipe(
            captions,
            num_inference_steps=FAST["steps"],
            guidance_scale=FAST["guidance"],
            generator=chance,
            output_type="np",
        ).images
        return (drawn * 255).round().astype(np.uint8)


def sheet(pictures: list[np.ndarray], across: int = 10) -> Image.Image:
    """Pictures side by side at half size."""
    side = 128
    down = -(-len(pictures) // across)
    page = Image.new("RGB", (across * side, down * side))
    for index, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
        page.paste(small, (index % across * side, index // across * side))
    return page


def _groups(listed: list[Any], size: int) -> list[list[Any]]:
    return [listed[start : start + size] for start in range(0, len(listed), size)]


def _shares(marks: list[Mark]) -> dict[str, float]:
    """Shares of right answers, each among the pictures that were asked for such a thing."""
    share = {question: _share(marks, question) for question in classifier.QUESTIONS}
    share["all"] = sum(map(_all_right, marks)) / max(1, len(marks))
    return {name: round(value, 4) for name, value in share.items() if value is not None}


def _share(marks: list[Mark], question: str) -> float | None:
    asked = [mark for mark in marks if mark[0][question]]
    if not asked:
        return None
    return sum(wanted[question] == said[question] for wanted, said in asked) / len(asked)


def _all_right(mark: Mark) -> bool:
    wanted, said = mark
    return all(said[question] == answer for question, answer in wanted.items() if answer)


def _words(marks: list[Mark]) -> dict[str, dict[str, float]]:
    """For each word the share of its pictures on which the judge saw it."""
    hits: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for asked, said in marks:
        for question, wanted in asked.items():
            if wanted:
                hits[question, wanted].append(said[question] == wanted)
    return {
        kind: {
            word: sum(hits[kind[:-1], word]) / len(hits[kind[:-1], word])
            for word in known
            if hits[kind[:-1], word]
        }
        for kind, known in KINDS.items()
    }


def _result(
    sure: dict[str, float], exams: dict[str, list[Mark]], edges: list[float]
) -> dict[str, Any]:
    everything = [mark for marks in exams.values() for mark in marks]
    return {
        "judge": sure,
        "fresh": FRESH,
        "exams": {
            name: {"captions": len(marks), **_shares(marks)} for name, marks in exams.items()
        },
        "edges": round(statistics.median(edges), 3),
        "psnr": vae.fidelity(vae.trained(), rounds_behind()),
        "words": _words(everything),
        "training": stages_behind(),
    }


def rounds_behind() -> int:
    """How many rounds the weights have behind them: what was never taught is not asked."""
    return lessons.ROUNDS if knows_sizes() else lessons.ROUNDS - 1


def stages_behind() -> dict[str, dict[str, float]]:
    """Steps and minutes of every stage, from its checkpoint here or from the published card."""
    stages = trained_before()
    for name in ("decoder", *unet.ROUNDS, "polish", "encoder", "judge"):
        state = load(name)
        if state is not None:
            name += ", again" * state.get("again", False)
            stages[name] = {"steps": state["step"], "minutes": state["seconds"] / 60}
    return stages
