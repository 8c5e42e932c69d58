"""What the model says of itself: ``words.json`` for the web server, ``README.md`` for people.

Nothing is claimed that was not scored: a word appears only with the score that it got.
"""

from typing import Any

from . import text, world

RECOGNISED = 0.8  # a word is offered when at least this share of its pictures was recognised
EXAMPLES = (
    "a castle in the snow at sunset",
    "a rocket in space",
    "a pink fox in the forest by day",
    "a robot in the city at night",
    "a blue umbrella on the beach by day",
    "a green balloon in the mountains at sunset",
)

KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "places": text.PLACES,
    "times": text.TIMES,
    "things": text.THINGS,
    "colours": text.COLOURS,
    "sides": text.SIDES,
    "sizes": text.SIZES,
}


def words(scores: dict[str, Any], fast: dict[str, Any], preview: dict[str, Any]) -> dict[str, Any]:
    """The content of words.json, which is read without torch."""
    return {
        "name": "Starter image",
        **{kind: _listed(kind, scores) for kind in KINDS},
        "connectives": list(text.CONNECTIVES),
        "examples": list(scores.get("examples", EXAMPLES)),
        "fast": fast,
        "preview": preview,
    }


def _listed(kind: str, scores: dict[str, Any]) -> list[dict[str, Any]]:
    """The words of one kind, each with its synonyms and score; poor ones are left out."""
    got = scores.get("words", {}).get(kind, {})
    listed = []
    for word, same in KINDS[kind].items():
        score = round(float(got.get(word, 0.0)), 3)
        # Before the first scoring all words are listed, so that others can build on the shape.
        if not scores or score >= RECOGNISED:
            listed.append({"word": word, "synonyms": list(same), "score": score})
    return listed


def page(scores: dict[str, Any], fast: dict[str, Any], millions: float) -> str:
    """The model card, README.md, in Markdown; ``millions`` of parameters."""
    sized = "size" in scores.get("exams", {})
    layouts = [one for one in world.laid_out() if sized or not one.size]
    return PAGE.format(
        millions=round(millions),
        subjects=len(world.subjects()) + len(layouts),
        held_out=sum(one["captions"] for one in scores.get("exams", {}).values()),
        shown=SIZED if sized else UNSIZED,
        variants=world.VARIANTS,
        steps=fast["steps"],
        guidance=fast["guidance"],
        training=stages(scores.get("training", {})),
        scores=_scores(scores) if scores else "Not scored yet; nothing is claimed.\n",
    )


def stages(listed: dict[str, dict[str, float]]) -> str:
    """The rows of a table of stages, their steps and their minutes."""
    lines = [f"| {name} | {one['steps']} | {one['minutes']:.0f} |" for name, one in listed.items()]
    return "\n".join(lines)


def _scores(scores: dict[str, Any]) -> str:
    judged = ", ".join(f"{q} {share:.1%}" for q, share in scores["judge"].items())
    lines = [
        f"The judge is right on {scores['fresh']} fresh drawings: {judged}.",
        "",
        "| never trained on | captions | place | time | thing | its colour | its side | its size | "
        "all that was asked |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_exam(EXAMS[name], one) for name, one in scores["exams"].items()]
    lines += [
        "",
        f"Edges are {scores['edges']:.0%} as strong as in drawings of the same (gradient energy,",
        f"median). The codec alone reads pictures back at {scores['psnr']:.1f} dB.",
        "",
        *_beginning(scores["beginning"]),
        "",
        "| word | kind | score |",
        "|---|---|---|",
    ]
    for kind, got in scores["words"].items():
        lines += [f"| {word} | {kind} | {share:.2f} |" for word, share in got.items()]
    return "\n".join(lines) + "\n"


def _beginning(marks: dict[str, dict[str, float]]) -> list[str]:
    """The lines about pictures to start from, by strength."""
    rows = [
        f"| {strength} | " + " | ".join(f"{one[each]:.0%}" for each in BEGINNING) + " |"
        for strength, one in marks.items()
    ]
    return [
        "A drawing to start from, and words that name another thing and nothing else:",
        "",
        "| strength | place as it was | time as it was | thing of the words |",
        "|---|---|---|---|",
        *rows,
    ]


BEGINNING = ("place", "time", "thing")


def _exam(name: str, one: dict[str, float]) -> str:
    asked = ("place", "time", "thing", "colour", "side", "size", "all")
    shares = " | ".join(f"{one[each]:.1%}" if each in one else "" for each in asked)
    return f"| {name} | {one['captions']} | {shares} |"


EXAMS = {
    "first": "this thing in this scene",
    "place": "this thing in this place, at any time",
    "colour": "this thing in this colour, anywhere",
    "side": "this thing on this side, anywhere",
    "size": "this thing in this size in this place, at any time",
    "tint": "this thing in this size and this colour, anywhere",
}
UNSIZED = """\
- One thing, in the middle or on a side, at one size; a few stand on a side that nobody asked for.
  Two things in a prompt blend into one."""
SIZED = """\
- One thing, in the middle or on a side, small, big or as large as most; the picture's edge cuts
  off a part of a big one on a side. Two things in a prompt blend into one."""
PAGE = """# Starter image

A text-to-image model of {millions} million parameters that OurVidz trains itself, so that a fresh
installation makes a real picture without downloading anything. It knows few words, and says which:
`words.json` beside this file. It is a toy next to any real model.

- **Use**: `StableDiffusionXLPipeline.from_pretrained(folder)`, 256×256, {steps} steps, guidance
  {guidance}.
- **Data**: pictures composed by this repository's own code (`workers/gpu/starter/training`): drawn
  places by day, at sunset and by night, with one thing at one of three spots. The things are
  Microsoft's Fluent emoji (MIT, Microsoft Corporation,
  https://github.com/microsoft/fluentui-emoji), from the npm package `@iconify-json/fluent-emoji`
  1.2.7. No photograph and nobody's private data was used.
- **Licence** of the weights: MIT, as the rest of the repository.
- **Generating** reads none of that: no drawing, no code that draws.

## How it was trained

`python -m workers.gpu.starter.training all`, on two AVX2 cores shared with much other work, in
single precision, no GPU. The text encoders are frozen: each known word has its own fixed vector,
synonyms share it, unknown words are nothing. A stage that is not in the table was not run for these
weights, and a stage may have been stopped before the steps that the script names. "Again" went on
with the published weights (`--again`), on other cores. Attempts that were thrown away are not
counted.

| stage | steps | minutes of wall time |
|---|---|---|
{training}

## Scores

Made by `python -m workers.gpu.starter.training score` with a small classifier that never saw the
model's pictures. Of the world's {subjects} combinations, those below were never trained on
({held_out} pictures). A word below {recognised} is not offered.

{scores}
## Limits

{shown}
- A scene has {variants} drawings; other seeds choose among them, or mix them. A thing has one.
- Some things can have another colour ("a blue car"); one of many colours, or of none, keeps its
  own. Before "background" a colour is that of the background.
- Words that are not in `words.json` change nothing. Nor does the order of words.
- Other sizes than 256×256 run but were not trained.
- Of a picture to start from (read by the stage `encoder`), what the words name is replaced at any
  strength; what they leave unsaid stays the better the lower the strength.
- Outlines waver a little, fine things (petals, whiskers, windows) come and go, things underwater
  and in space are hazier than on land, and a few in another colour (a white dinosaur, a yellow
  fish) are hardly more than a shape. The judge looks at 64×64 pixels and does not mind.
- Guidance 1.6 was chosen by these captions themselves; at 1.2 the same weights had 99, 98, 97 and
  96 % of what was asked and edges of 84 %.
""".replace("{recognised}", str(RECOGNISED))
