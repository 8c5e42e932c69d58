"""What the video model says of itself: ``words.json`` for the web server, ``README.md`` for people.

Nothing is claimed that was not scored: a word is offered only at 80 % and more.
"""

from typing import Any

from .. import text
from ..card import stages
from . import clips
from . import words as known

OFFERED = 0.8  # a word is offered when at least this share of its clips showed it
EXAMPLES = (
    "a rocket rises in space",
    "a castle in the snow, the sun sets",
    "a boat drifts to the left on the beach at sunset",
    "a butterfly rises in the meadow by day",
    "a fox in the desert at sunset, it is snowing",
    "a robot rises in the snow at night",
    "an owl drifts to the right in the snow at night",
    "a car drifts to the left on the beach at sunset",
    "a balloon rises in the desert by day",
    "a fish drifts to the right in space",
    "a cat falls on the beach by day",
    "an apple falls in space",
    "meadow, the sun sets",
    "a car in the meadow at night, it is snowing",
)
SHOWN = 6  # examples at most

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "places": known.places(),
    "times": text.TIMES,
    "things": known.things(),
    "motions": known.MOTIONS,
}


def words(scores: dict[str, Any], fast: dict[str, Any], preview: dict[str, Any]) -> dict[str, Any]:
    """The content of words.json, which is read without torch."""
    listed = {kind: _listed(kind, scores) for kind in KINDS}
    return {
        "name": "Starter video",
        **listed,
        "connectives": list(known.CONNECTIVES),
        "examples": _examples(listed),
        "fast": fast,
        "preview": preview,
    }


def _listed(kind: str, scores: dict[str, Any]) -> list[dict[str, Any]]:
    """The words of one kind, each with its synonyms and score; what is not learnt is left out."""
    got = scores.get("words", {}).get(kind, {})
    listed = []
    for word, same in KINDS[kind].items():
        score = round(float(got.get(word, 0.0)), 3)
        # Before the first scoring all words are listed, so that others can build on the shape.
        if not scores or score >= OFFERED:
            listed.append({"word": word, "synonyms": list(same), "score": score})
    return listed


def _examples(listed: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Those examples all of whose words are offered."""
    offered = {entry["word"] for entries in listed.values() for entry in entries}
    fit = offered | set(known.CONNECTIVES)
    whole = [one for one in EXAMPLES if set(one.replace(",", "").split()) <= fit]
    return whole[:SHOWN]


def page(scores: dict[str, Any], fast: dict[str, Any], millions: float) -> str:
    """The model card, README.md, in Markdown; ``millions`` of parameters."""
    return PAGE.format(
        millions=round(millions),
        clips=len(clips.clips()),
        held_out=len(clips.split()[1]),
        variants=clips.VARIANTS,
        offered=OFFERED,
        training=stages(scores.get("training", {})),
        scores=_scores(scores) if scores else "Not scored yet; nothing is claimed.\n",
        **fast,
    )


def _scores(scores: dict[str, Any]) -> str:
    judged = ", ".join(f"{q} {share:.1%}" for q, share in scores["judge"].items())
    lines = [
        f"On {scores['fresh']} fresh drawn clips the judge and the measure are right: {judged}.",
        "",
        "| held-out captions | clips | place | time | thing | motion | all |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, got in scores["sets"].items():
        shares = (got[q] for q in ("place", "time", "thing", "motion", "all"))
        cells = " | ".join(f"{share:.1%}" for share in shares)
        lines.append(f"| {name} | {got['clips']} | {cells} |")
    lines += [
        "",
        f"The codec alone reads clips back at {scores['psnr']:.1f} dB. A clip took",
        f"{scores['seconds']:.1f} s to make while this was scored.",
        "",
        "| word | kind | score |",
        "|---|---|---|",
    ]
    for kind, words_of in scores["words"].items():
        lines += [f"| {word} | {kind} | {share:.2f} |" for word, share in words_of.items()]
    return "\n".join(lines) + "\n"


PAGE = """# Starter video

A model of {millions} million parameters that makes clips of two seconds, from a caption or from a
first frame and a caption. OurVidz trains it itself, so that a fresh installation makes a real clip
without downloading anything. It knows few words, and says which: `words.json` beside this file. It
is a toy next to any real model.

- **Use**: `WanPipeline.from_pretrained(folder)`, or with a first frame
  `WanImageToVideoPipeline.from_pretrained(folder)`; {width}×{height}, {frames} frames to be shown
  at {fps} a second, {steps} steps, guidance {guidance}. It has the shape of Wan 2.2 TI2V-5B: one
  transformer for both uses, a codec that folds 4 frames of 16×16 pixels into a cell, every token
  with a time of its own.
- **Data**: clips drawn by this repository's own code (`workers/gpu/starter/training/video`): five
  drawn places by day, at sunset and by night, with one thing that stands or moves. The things are
  Microsoft's Fluent emoji (MIT, Microsoft Corporation,
  https://github.com/microsoft/fluentui-emoji), from the npm package `@iconify-json/fluent-emoji`
  1.2.7. No film and nobody's private data was used.
- **Licence** of the weights: MIT, as the rest of the repository.
- **Generating** reads none of that: no drawing, no code that draws.

## How it was trained

`python -m workers.gpu.starter.training video`, on two AVX2 cores shared with much other work, in
single precision, no GPU. The text encoder is frozen: each known word has its own fixed vector,
synonyms share it, unknown words are nothing. The codec is not trained but computed: it is the
straight line between pixels and latents that fits these clips best, so other films would look odd.
"Again" went on with the published weights (`--again`). Minutes are of the clock, much of it waiting
for the machine.

| stage | steps | minutes |
|---|---|---|
{training}

## Scores

Made by `python -m workers.gpu.starter.training video`. The world has {clips} clips; each thing was
kept from one motion and from one place altogether, in {held_out} clips that were never trained on.
Place, time and thing are what the image model's classifier, which saw no clip in its training, says
of the frame where the thing is on its spot (the thing also of the middle frame); the motion is
measured on the frames: where the thing's middle is found in the first and the last frame, how far
the sun sinks, whether bright spots come down. A word below {offered} is not offered.

{scores}
## Limits

- One thing, in the middle, at one size; one motion, always at the same speed. Every snowfall is the
  same, and so is every sunset of a place.
- A scene has {variants} drawings; other seeds choose among them, or mix them. A thing has one.
- Words that are not in `words.json` change nothing. Nor does the order of words: a thing
  drifts, and "left" says where to.
- A first frame should be a picture of this world, such as the starter image model makes of these
  things and places; others become something of this world.
- Other sizes and lengths run but were not trained.
- Small things (stars, windows, flakes before a bright sky) are blurred.
"""
