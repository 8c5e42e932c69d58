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
    first = lessons.lesson(np.random.default_rng(1), 50, first=True)
    assert {subject.thing for subject, _ in first} <= {None, *sprites.FIRST_THINGS}


def test_a_dyed_thing_differs_from_its_drawing_in_colour_only() -> None:
    own, red = world.thing("cat"), world.thing("cat", "red")
    assert own.size == red.size
    assert np.array_equal(np.asarray(own)[..., 3], np.asarray(red)[..., 3])
    seen = np.asarray(red)[np.asarray(red)[..., 3] > 200][:, :3].mean(0)
    assert seen[0] > 1.5 * max(seen[1], seen[2])


def test_every_word_of_a_caption_is_known() -> None:
    known = set(text.vocabulary()) | set(text.CONNECTIVES)
    for subject in world.subjects():
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
