"""Makes clips for captions that were never trained on, and lets the judge mark them.

Uses the exported folder through the same pipelines as the worker, so the marks are for what people
get. Writes ``score.json`` (read by the card) and ``score.png`` (to look at) to var/training/video.
"""

import json
import time
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from PIL import Image

from .. import classifier
from ..export import trained_before
from ..recipe import VIDEO_FOLDER, WORK, load
from . import card, clips, codec, judge
from .export import FAST, export

COUNT = 96  # captions scored from words alone
GIVEN = 12  # captions scored with a first frame
BATCH = 4
FRESH = 100  # drawn clips that the judge itself is tested on
QUESTIONS = {"places": "place", "times": "time", "things": "thing", "motions": "motion"}

Mark = tuple[clips.Clip, dict[str, bool]]


def stage() -> None:
    """Score, then write the folder once more, for the card to give the scores."""
    score()
    export()


class Maker:
    """The exported folder's pipelines, called as the worker calls them."""

    def __init__(self) -> None:
        self.text = WanPipeline.from_pretrained(VIDEO_FOLDER, torch_dtype=torch.float32)
        self.image = WanImageToVideoPipeline(**self.text.components, expand_timesteps=True)
        self.text.set_progress_bar_config(disable=True)
        self.image.set_progress_bar_config(disable=True)

    def make(self, listed: list[clips.Clip], seed: int) -> np.ndarray:
        """One film for each clip from its caption, (n, FRAMES, SIDE, SIDE, 3) uint8."""
        return _films(self.text, listed, seed)

    def animate(self, clip: clips.Clip, variant: int, seed: int) -> np.ndarray:
        """One film from a clip's own first frame and its caption, (1, FRAMES, SIDE, SIDE, 3)."""
        first = Image.fromarray(clips.film(clip, variant)[0])
        return _films(self.image, [clip], seed, image=first)


def score(count: int = COUNT, given: int = GIVEN) -> dict[str, Any]:
    """Score the exported folder on held-out captions; returns and writes the result."""
    eye, maker = classifier.trained(), Maker()
    sure = judge.accuracy_on_drawn_clips(eye, FRESH)
    print("judge on drawn clips", sure, flush=True)
    chosen = _chosen(count)
    films, seconds = _make_all(maker, chosen)
    marks = _marks(eye, chosen, films)
    animated = chosen[:given]
    from_frames = np.concatenate([maker.animate(one, n % 2, n) for n, one in enumerate(animated)])
    result = {
        "judge": sure,
        "fresh": FRESH,
        "sets": _sets(marks, _marks(eye, animated, from_frames)),
        "psnr": codec.fidelity(maker.text.vae.float()),
        "seconds": seconds / max(1, count),
        "words": _words(marks),
        "training": _training(),
    }
    (WORK / "video" / "score.json").write_text(json.dumps(result, indent=1))
    sheet(films[:24]).save(WORK / "video" / "score.png")
    sheet(from_frames[:24]).save(WORK / "video" / "score-given.png")
    print(json.dumps(result["sets"], indent=1), result["words"], flush=True)
    return result


def sheet(films: np.ndarray, every: int = 4) -> Image.Image:
    """Films below each other in two columns, some frames of each side by side."""
    rows = [np.concatenate(list(film[::every]), axis=1) for film in films]
    rows += [np.zeros_like(rows[0])] * (len(rows) % 2)
    pairs = [np.concatenate(rows[i : i + 2], axis=1) for i in range(0, len(rows), 2)]
    return Image.fromarray(np.concatenate(pairs))


def _films(pipe: Any, listed: list[clips.Clip], seed: int, **given: Any) -> np.ndarray:
    chance = [torch.Generator().manual_seed(seed * 1000 + n) for n in range(len(listed))]
    made = pipe(
        prompt=[clips.caption(clip) for clip in listed],
        width=FAST["width"],
        height=FAST["height"],
        num_frames=FAST["frames"],
        num_inference_steps=FAST["steps"],
        guidance_scale=FAST["guidance"],
        generator=chance,
        output_type="np",
        **given,
    ).frames
    return (made * 255).round().astype(np.uint8)


def _chosen(count: int) -> list[clips.Clip]:
    """Held-out clips, each motion about as often as the others."""
    rng = np.random.default_rng(4)
    by_motion = [[c for c in clips.split()[1] if c.motion == name] for name in clips.MOTIONS]
    decks = [[deck[i] for i in rng.permutation(len(deck))] for deck in by_motion]
    turns = max(len(deck) for deck in decks)
    dealt = [deck[turn] for turn in range(turns) for deck in decks if turn < len(deck)]
    return dealt[:count]


def _make_all(maker: Maker, chosen: list[clips.Clip]) -> tuple[np.ndarray, float]:
    films, began = [], time.monotonic()
    for start in range(0, len(chosen), BATCH):
        films.append(maker.make(chosen[start : start + BATCH], seed=start))
        print(f"score: {start + len(films[-1])}/{len(chosen)} clips", flush=True)
    return np.concatenate(films), time.monotonic() - began


def _marks(eye: classifier.Judge, chosen: list[clips.Clip], films: np.ndarray) -> list[Mark]:
    seen = judge.look(eye, films, [clip.motion for clip in chosen])
    return [(c, judge.right(c, one)) for c, one in zip(chosen, seen, strict=True)]


def _sets(marks: list[Mark], animated: list[Mark]) -> dict[str, dict[str, float]]:
    kept = [(clips.kept_from(clip), (clip, right)) for clip, right in marks]
    return {
        "thing × motion never trained": _shares([m for names, m in kept if "motion" in names]),
        "thing × place never trained": _shares([m for names, m in kept if "place" in names]),
        "all from words": _shares(marks),
        "from a first frame and words": _shares(animated),
    }


def _shares(marks: list[Mark]) -> dict[str, float]:
    """Shares of right answers. A scene without a time of day has nothing to be right about."""
    asked = {q: [r[q] for c, r in marks if q != "time" or c.scene.time] for q in QUESTIONS.values()}
    everything = [all(right.values()) for _, right in marks]
    shares = {q: _share(hits) for q, hits in (*asked.items(), ("all", everything))}
    return {"clips": len(marks), **shares}


def _share(hits: list[bool]) -> float:
    return round(sum(hits) / max(1, len(hits)), 4)


def _words(marks: list[Mark]) -> dict[str, dict[str, float]]:
    """For each word the share of its clips on which it was seen."""
    hits: dict[tuple[str, str | None], list[bool]] = defaultdict(list)
    for clip, right in marks:
        time_said = None if clip.motion == "sets" else clip.scene.time
        said = {"place": clip.scene.place, "time": time_said}
        for question, word in (*said.items(), ("thing", clip.thing), ("motion", clip.motion)):
            hits[question, word].append(right[question])
    return {
        kind: {
            word: _share(hits[QUESTIONS[kind], word])
            for word in names
            if hits[QUESTIONS[kind], word]
        }
        for kind, names in card.KINDS.items()
    }


def _training() -> dict[str, dict[str, float]]:
    """Steps and minutes of every stage, from its checkpoint here or from the published card."""
    state = load("video/transformer")
    if state is None:
        return trained_before(VIDEO_FOLDER)
    done = {"steps": state["step"], "minutes": state["seconds"] / 60}
    if state.get("again", False):
        return {**trained_before(VIDEO_FOLDER), "transformer, again": done}
    return {"transformer": done}
