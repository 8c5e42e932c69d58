"""The world: the same numbers give the same picture, and what is held out stays out."""

import numpy as np
import pytest

from workers.gpu.starter.training import lessons, sprites, text, world
from workers.gpu.starter.training.places import SCENES, Scene, draw


@pytest.mark.parametrize("scene", SCENES[::4])
def test_a_scene_and_a_variant_are_one_picture(scene: Scene) -> None:
    assert np.array_equal(draw(scene, 3), draw(scene, 3))


def test_a_picture_follows_from_its_numbers() -> None:
    subject = world.Subject(Scene("snow", "sunset"), "castle")
    first = world.compose(subject, 1)
    assert first.shape == (256, 256, 3)
    assert np.array_equal(first, world.compose(subject, 1))
    assert not np.array_equal(first, world.compose(subject, 0))


def test_held_out_captions_are_never_trained_on() -> None:
    trained = {
        caption for subject, _ in lessons.training_set() for caption in world.captions(subject)
    }
    exam = lessons.exam()
    assert len(set(map(world.caption, exam["first"]))) == 200
    assert all(len(subjects) > 100 for subjects in exam.values())
    for subjects in exam.values():
        asked = {caption for subject in subjects for caption in world.captions(subject)}
        assert not trained & asked


def test_lessons_show_what_is_trained_and_nothing_else() -> None:
    entries = lessons.lesson(np.random.default_rng(1), 200)
    assert not any(lessons.held_out(subject) for subject, _ in entries)
    assert {bool(subject.colour) for subject, _ in entries} == {True, False}
    assert {(subject.side, subject.size) for subject, _ in entries} == {
        (side, size) for side in (None, *world.SIDES) for size in (None, *world.SIZES)
    }
    third = lessons.lesson(np.random.default_rng(1), 50, rounds=3)
    assert {(subject.side, subject.size) for subject, _ in third} == {
        (side, None) for side in (None, *world.SIDES)
    }
    second = lessons.lesson(np.random.default_rng(1), 50, rounds=2)
    assert not any(subject.side for subject, _ in second)
    first = lessons.lesson(np.random.default_rng(1), 50, rounds=1)
    assert {subject.thing for subject, _ in first} <= {None, *sprites.FIRST_THINGS}


def test_each_side_is_kept_from_some_things_and_taught_with_most() -> None:
    sides = [lessons.kept_side(thing) for thing in sprites.THINGS]
    assert [sides.count(side) for side in world.SIDES] == [4, 4]


def test_sizes_are_asked_for_where_only_they_keep_a_thing_from_a_place_or_a_colour() -> None:
    exam = lessons.exam()
    for subject in (*exam["size"], *exam["tint"]):
        assert subject.size
        assert not lessons.held_out(subject._replace(size=None))
    assert {(one.thing, one.size) for one in exam["size"]} == {
        (thing, size) for thing in sprites.THINGS for size in world.SIZES
    }
    assert {one.side for one in exam["size"]} == {None, *world.SIDES}
    assert all(one.colour for one in exam["tint"])


@pytest.mark.parametrize(
    ("side", "size", "left", "right"),
    [
        (None, None, 56, 200),
        ("left", None, 0, 136),
        ("right", None, 120, 256),
        (None, "small", 80, 176),
        (None, "big", 32, 224),
        ("right", "small", 144, 240),
        ("left", "big", 0, 160),
    ],
)
def test_a_thing_is_as_large_and_where_it_was_asked_to_be(
    side: str | None, size: str | None, left: int, right: int
) -> None:
    subject = world.Subject(Scene("plain", colour="white"), "castle", side=side, size=size)
    empty = world.compose(world.Subject(subject.scene, None), 0).astype(int)
    columns = (np.abs(world.compose(subject, 0) - empty).max((0, 2)) > 60).nonzero()[0]
    assert left - 4 <= columns.min() < columns.max() < right + 4
    assert columns.max() - columns.min() > (right - left) * 0.6


def test_what_a_picture_strays_to_is_the_same_scene_and_not_held_out() -> None:
    subject, rng = (
        world.Subject(Scene("snow", "night"), "fox", "blue", "left"),
        np.random.default_rng(4),
    )
    others = [lessons.stray(subject, rng) for _ in range(100)]
    assert subject not in others
    assert {other.scene for other in others} == {subject.scene}
    assert not any(map(lessons.held_out, others))
    assert {None, "fox"} == {other.thing for other in others}
    assert "small" in {other.size for other in others}


def test_a_caption_may_leave_out_any_part_of_what_is_shown() -> None:
    subject = world.Subject(Scene("snow", "night"), "fox", "blue", "left", "small")
    rng = np.random.default_rng(3)
    said = {world.part(subject, rng) for _ in range(400)}
    wanted = {"", "snow", "at night", "a fox", "a blue fox", "a small fox on the left in the snow"}
    assert wanted <= said
    assert world.caption(subject) in said


def test_a_dyed_thing_differs_from_its_drawing_in_colour_only() -> None:
    own, red = world.thing("cat"), world.thing("cat", "red")
    assert own.size == red.size
    assert np.array_equal(np.asarray(own)[..., 3], np.asarray(red)[..., 3])
    seen = np.asarray(red)[np.asarray(red)[..., 3] > 200][:, :3].mean(0)
    assert seen[0] > 1.5 * max(seen[1], seen[2])


def test_every_word_of_a_caption_is_known() -> None:
    known = set(text.vocabulary()) | set(text.CONNECTIVES)
    for subject in (*world.subjects(), *world.laid_out()):
        for caption in world.captions(subject):
            assert set(caption.split()) <= known, caption


@pytest.mark.heavy
def test_before_background_a_colour_is_that_of_the_background() -> None:
    split, pair = text.tokenizer(), text.encoders()
    captions = ["a car on a plain red background", "a red car on a plain white background"]
    again = ["a car at a plain red background", "a red car with a white backdrop"]
    _, pooled = text.encode([*captions, *again], split, pair)
    assert not pooled[0].allclose(pooled[1], atol=1e-2)
    assert pooled[0].allclose(pooled[2], atol=1e-3)
    assert pooled[1].allclose(pooled[3], atol=1e-3)


def test_no_word_is_listed_twice() -> None:
    words = text.vocabulary()
    assert len(words) == len(set(words))


@pytest.mark.heavy
def test_synonyms_are_the_same_and_unknown_words_are_nothing() -> None:
    split, pair = text.tokenizer(), text.encoders()
    words, pooled = text.encode(
        ["a castle in the snow", "A  Fortress, snowy!", "qwertz", ""], split, pair
    )
    assert pooled[0].allclose(pooled[1], atol=1e-4)
    assert not words[2:].any()
    assert not pooled[2:].any()


@pytest.mark.heavy
def test_a_muted_word_is_nothing_until_it_is_taught() -> None:
    split, pair = text.tokenizer(), text.encoders()
    captions = ["a small castle", "a castle", "huge"]
    _, pooled = text.encode(captions, split, pair)
    assert not pooled[0].allclose(pooled[1], atol=1e-2)
    text.mute(pair, text.SIZES)
    words, pooled = text.encode(captions, split, pair)
    assert pooled[0].allclose(pooled[1], atol=1e-4)
    assert not words[2].any()
