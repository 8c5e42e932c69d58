"""What of the world is trained on, and what is held out for scoring.

Six kinds of combination are never shown: two hundred subjects of the first round's sixteen things
(``first``), two places for every later thing (``place``), two colours for every dyed one
(``colour``), a side for two things of nine (``side``), two places and two colours for every thing
in every size (``size``, ``tint``). Everything follows from the seed.
"""

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from . import sprites
from .places import COLOURS, FIRST_SCENES, PLACES, SCENES, Scene
from .recipe import SEED
from .world import SIDES, SIZES, VARIANTS, Subject, laid_out, subjects

FIRST_HELD_OUT = 200  # of the 493 subjects of the first round
EACH = 15  # scenes in which a thing is asked for on the side that it is kept from
KEPT = 2  # places or colours that a thing is kept from altogether
ROUNDS = 4  # the first things; then all of them and their colours; then sides; then sizes
# How often a lesson shows the first round's subjects, later ones, and dyed things.
SHARES, LATER_SHARES = (0.2, 0.4, 0.4), (0.15, 0.25, 0.6)  # in the second round, and later
ASIDE = 0.4  # share of a lesson's things that are on a side, where they may be
# The same for sizes. A small thing fills few cells, which is little to learn from.
SIZED = {"small": 0.35, "big": 0.2}
SAMPLE = 300  # of the training pictures, where some stand for all
ALWAYS_TRAINED = {
    Subject(Scene("snow", "sunset"), "castle"),
    Subject(Scene("meadow", "day"), None),
}

Entry = tuple[Subject, int]  # a subject and the variant of its scene


def lesson(rng: np.random.Generator, count: int, *, rounds: int = ROUNDS) -> list[Entry]:
    """Training pictures by chance, of so many rounds (see ROUNDS)."""
    chances = ((1.0, 0.0, 0.0), SHARES, LATER_SHARES)[min(rounds, 3) - 1]
    shown = [_any(_groups()[kind], rng) for kind in rng.choice(len(chances), count, p=chances)]
    if rounds > 2:
        shown = [_aside(one, rng) if rng.random() < ASIDE else one for one in shown]
    if rounds > 3:
        shown = [_sized(one, rng) for one in shown]
    return [(subject, int(rng.integers(VARIANTS))) for subject in shown]


def training_set(*, rounds: int = ROUNDS) -> Iterator[Entry]:
    """Every training subject of so many rounds in each of its variants."""
    for subject in (*subjects(), *laid_out()):
        if not held_out(subject) and not (subject.size and rounds < ROUNDS):
            for variant in range(VARIANTS):
                yield subject, variant


def sample(*, rounds: int = ROUNDS) -> list[Entry]:
    """Training pictures spread evenly over all of them, to stand for all."""
    everything = list(training_set(rounds=rounds))
    return everything[:: max(1, len(everything) // SAMPLE)]


def held_out(subject: Subject) -> bool:
    """Whether the model must never see this subject."""
    scene, thing, colour, side, _ = subject
    return (
        Subject(scene, thing) in set_aside()
        or scene.place in kept_places().get(thing or "", ())
        or (colour is not None and colour in kept_colours()[thing or ""])
        or (side is not None and side == kept_side(thing or ""))
        or bool(_kept_in_size(subject))
    )


def exam(*, rounds: int = ROUNDS) -> dict[str, list[Subject]]:
    """What is scored after so many rounds, by the kind of combination that was never trained."""
    everything, rng = subjects(), np.random.default_rng([SEED, 3])
    kept = kept_colours()
    dyed = [one for one in everything if one.colour and one.colour in kept[one.thing or ""]]
    shuffled = [dyed[i] for i in rng.permutation(len(dyed))]
    # Elsewhere than in places that the thing is kept from too: one thing at a time.
    known = [one for one in shuffled if not held_out(one._replace(colour=None))]
    asked = {
        "first": list(set_aside()),
        "place": [
            one
            for one in everything
            if not one.colour and one.scene.place in kept_places().get(one.thing or "", ())
        ],
        "colour": _evenly(known, 4),
        "side": _on_kept_sides(),
    }
    if rounds > 3:
        asked |= {"size": _in_sizes("place", 2), "tint": _in_sizes("colour", 4)}
    return asked


@functools.cache
def set_aside() -> dict[Subject, None]:
    """The first round's subjects that are held out, in their order."""
    things = (None, *sprites.FIRST_THINGS)
    everything = [Subject(scene, thing) for scene in FIRST_SCENES for thing in things]
    order = np.random.default_rng(SEED).permutation(len(everything))
    may = [i for i in order if everything[i].thing and everything[i] not in ALWAYS_TRAINED]
    return dict.fromkeys(everything[i] for i in may[:FIRST_HELD_OUT])


@functools.cache
def kept_places() -> dict[str, tuple[str, ...]]:
    """For each later thing the places that it is kept from."""
    later = [thing for thing in sprites.THINGS if thing not in sprites.FIRST_THINGS]
    return _turns(later, PLACES, 4)


@functools.cache
def kept_colours() -> dict[str, tuple[str, ...]]:
    """For each dyed thing the colours that it is kept from."""
    return _turns(sprites.DYED, COLOURS, 5)


def kept_side(thing: str) -> str | None:
    """The side that a thing is kept from, if any."""
    return {2: "left", 5: "right"}.get(_turn(thing))


@functools.cache
def kept_in_sizes() -> dict[tuple[str, str, str], tuple[str, ...]]:
    """For a question, a thing and a size the places, or the colours, that it is kept from."""
    asked: dict[str, tuple[Sequence[str], Sequence[str], int]] = {
        "place": (list(sprites.THINGS), PLACES, 7),
        "colour": (sprites.DYED, COLOURS, 8),
    }
    return {
        (question, thing, size): kept
        for question, (things, words, chance) in asked.items()
        for number, size in enumerate(SIZES)
        for thing, kept in _turns(things, words, chance + 10 * number).items()
    }


def stray(subject: Subject, rng: np.random.Generator) -> Subject:
    """What else the same scene may show, by chance: the thing in another colour, on another side,
    in another size, or none.
    """
    may = [Subject(subject.scene, None)]
    if subject.thing in sprites.DYED:
        others = (None, *(colour for colour in COLOURS if colour != subject.scene.colour))
        may += [subject._replace(colour=colour) for colour in others]
    if subject.thing:
        may += [subject._replace(side=side) for side in (None, *SIDES)]
        may += [subject._replace(size=size) for size in (None, *SIZES)]
    return _any([one for one in may if one != subject and not held_out(one)] or [subject], rng)


def _turn(thing: str) -> int:
    """Where a thing stands among each nine of them."""
    return list(sprites.THINGS).index(thing) % 9


def _kept_in_size(subject: Subject) -> list[str]:
    """The questions whose answers its thing is kept from in its size."""
    asked = {"place": subject.scene.place, "colour": subject.colour}
    thing, size = subject.thing or "", subject.size or ""
    return [q for q, word in asked.items() if word in kept_in_sizes().get((q, thing, size), ())]


def _on_kept_sides() -> list[Subject]:
    """Each thing on the side that it is kept from, in some scenes that it is trained in."""
    rng, chosen = np.random.default_rng([SEED, 6]), []
    for thing in filter(kept_side, sprites.THINGS):
        scenes = [scene for scene in SCENES if not held_out(Subject(scene, thing))]
        picked = rng.choice(len(scenes), EACH, replace=False)
        chosen += [Subject(scenes[i], thing, side=kept_side(thing)) for i in picked]
    return chosen


def _in_sizes(question: str, each: int) -> list[Subject]:
    """So many of each thing in each size, in a place (or colour) that it is kept from in that size
    only; in the middle and on sides by turns.
    """
    rng, chosen = np.random.default_rng([SEED, 9]), list[Subject]()
    dyed = question == "colour"
    known = [one for one in subjects() if bool(one.colour) == dyed and not held_out(one)]
    for asked, thing, size in kept_in_sizes():
        sized = [
            one._replace(size=size) for one in known if (asked, one.thing) == (question, thing)
        ]
        may = [one for one in sized if _kept_in_size(one) == [question]]
        for i in rng.choice(len(may), min(each, len(may)), replace=False) if may else ():
            side = (None, *SIDES)[len(chosen) % 3]
            chosen.append(may[i]._replace(side=None if side == kept_side(thing) else side))
    return chosen


def _turns(things: Sequence[str], words: Sequence[str], chance: int) -> dict[str, tuple[str, ...]]:
    """For each thing as many of the words as it is kept from; all the words take turns."""
    order = np.random.default_rng([SEED, chance]).permutation(words).tolist()
    return {
        thing: tuple(order[(KEPT * number + i) % len(order)] for i in range(KEPT))
        for number, thing in enumerate(things)
    }


def _evenly(listed: list[Subject], most: int) -> list[Subject]:
    """At most so many subjects of each thing in each colour."""
    counts: dict[tuple[str | None, str | None], int] = {}
    chosen = []
    for one in listed:
        key = (one.thing, one.colour)
        counts[key] = counts.get(key, 0) + 1
        chosen += [one] if counts[key] <= most else []
    return chosen


@functools.cache
def _groups() -> tuple[list[Subject], list[Subject], list[Subject]]:
    """Training subjects: of the first round, later ones, and dyed ones."""
    trained = [subject for subject in subjects() if not held_out(subject)]
    dyed = [subject for subject in trained if subject.colour]
    plain = [subject for subject in trained if not subject.colour]
    first = [one for one in plain if one.thing in (None, *sprites.FIRST_THINGS)]
    first = [one for one in first if one.scene in FIRST_SCENES]
    return first, [one for one in plain if one not in set(first)], dyed


def _aside(subject: Subject, rng: np.random.Generator) -> Subject:
    """The same with its thing on a side, by chance; as it is where it may be on none."""
    may = [subject._replace(side=side) for side in SIDES if subject.thing]
    may = [one for one in may if not held_out(one)]
    return _any(may, rng) if may else subject


def _sized(subject: Subject, rng: np.random.Generator) -> Subject:
    """The same with its thing in a size by chance, where it may have that."""
    size = rng.choice([*SIZES, ""], p=[*SIZED.values(), 1 - sum(SIZED.values())])
    other = subject._replace(size=str(size) or None)
    return subject if subject.thing is None or held_out(other) else other


def _any(listed: list[Subject], rng: np.random.Generator) -> Subject:
    return listed[int(rng.integers(len(listed)))]
