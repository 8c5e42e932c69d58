"""The world: the same numbers give the same picture, and what is held out stays out."""

import numpy as np
import pytest

from workers.gpu.starter.training import text, world
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
    train, held = world.split()
    trained = {caption for subject in train for caption in world.captions(subject)}
    assert len({world.caption(subject) for subject in held}) == 200
    assert not trained & {caption for subject in held for caption in world.captions(subject)}
    assert {subject for subject, _ in world.training_set()} == set(train)


def test_every_word_of_a_caption_is_known() -> None:
    known = set(text.vocabulary()) | set(text.CONNECTIVES)
    for subject in world.subjects():
        for caption in world.captions(subject):
            assert set(caption.split()) <= known, caption


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
