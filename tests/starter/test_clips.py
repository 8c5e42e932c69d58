"""The world in motion: the same numbers give the same film, and what is kept apart stays apart."""

import numpy as np
import pytest

from workers.gpu.starter.training import world
from workers.gpu.starter.training.places import Scene
from workers.gpu.starter.training.video import clips, judge, words

CASTLE = clips.Clip(Scene("snow", "night"), "castle", "right")


def drawn_once(clip: clips.Clip) -> np.ndarray:
    return clips.film(clip, 1)


def test_a_film_follows_from_its_numbers() -> None:
    film = drawn_once(CASTLE)
    assert film.shape == (17, 128, 128, 3)
    assert np.array_equal(film, drawn_once(CASTLE))
    assert not np.array_equal(film, clips.film(CASTLE, 0))


def test_a_film_begins_as_the_picture_of_the_image_model() -> None:
    first = drawn_once(CASTLE)[0].astype(float)
    picture = world.compose(world.Subject(CASTLE.scene, "castle"), 1)
    half = picture.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(first - half).mean() < 2


@pytest.mark.parametrize("motion", clips.MOTIONS)
def test_the_measure_sees_every_motion(motion: str) -> None:
    scene = Scene("desert", "day")
    assert judge.motion_of(drawn_once(clips.Clip(scene, "castle", motion))) == motion


def test_a_still_film_has_no_motion() -> None:
    still = np.repeat(drawn_once(CASTLE)[:1], clips.FRAMES, axis=0)
    assert judge.motion_of(still) is None


def test_every_thing_is_kept_from_a_motion_and_a_place() -> None:
    train, held = clips.split()
    moved = {(clip.thing, clip.motion) for clip in train}
    placed = {(clip.thing, clip.scene.place) for clip in train}
    for thing in clips.THINGS:
        assert sum((thing, motion) not in moved for motion in clips.MOTIONS) == 1
        assert sum((thing, place) not in placed for place in clips.PLACES) == 1
    assert not {clips.caption(c) for c in train} & {clips.caption(c) for c in held}


def test_every_word_of_a_caption_is_known() -> None:
    known = set(words.vocabulary()) | set(words.CONNECTIVES)
    for clip in clips.clips():
        for caption in clips.captions(clip):
            assert set(caption.replace(",", "").split()) <= known, caption


@pytest.mark.heavy
def test_every_token_of_a_prompt_carries_all_its_words() -> None:
    split, bag = words.tokenizer(), words.encoder()
    got = words.encode(
        ["a castle rises in the snow", "Fortress; snowy, climbing UP!", "qwertz", ""], split, bag
    )
    assert got[0, 0].allclose(got[0, 4], atol=1e-2)
    assert got[0, 0] @ got[1, 0] / words.WIDTH > 0.9
    assert not got[2:].any()


@pytest.mark.heavy
def test_falling_snow_is_no_fall() -> None:
    split = words.tokenizer()
    assert split.tokenize("snow is falling") == split.tokenize("falling snow") == ["snowing"]
    assert "sets" in split.tokenize("the sun goes down")
