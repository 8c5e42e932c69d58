"""Every stage of the video's training runs, stops and goes on; tiny, and without the network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from workers.gpu.starter.training import classifier, recipe
from workers.gpu.starter.training.places import Scene
from workers.gpu.starter.training.video import clips, codec, judge, transformer

pytestmark = pytest.mark.heavy


def steps_of(name: str) -> int:
    state = recipe.load(f"video/{name}")
    assert state is not None
    return state["step"]


def test_the_codec_is_computed_once_and_reads_films_back(tiny_world: Path) -> None:
    made = codec.compute_codec()
    film = codec.to_tensor(clips.film(*next(clips.training_set()))[None])
    with torch.no_grad():
        read = made.decode(codec.compute(film)).sample
        first = made.encode(film[:, :, :1]).latent_dist.mode()
    assert (read - film).abs().mean() < 0.1
    assert (first - codec.compute(film[:, :, :1])).pow(2).mean() < 0.5
    again = codec.compute_codec()
    assert torch.equal(made.decoder.conv_in.weight, again.decoder.conv_in.weight)


def test_the_transformer_goes_on_where_it_stopped(tiny_world: Path) -> None:
    transformer.train(steps=1, batch=2)
    model = transformer.train(steps=2, batch=2)
    assert steps_of("transformer") == 2
    assert set(transformer.listening(model, count=2)) == {"true", "thing", "place", "motion"}


def test_the_published_weights_can_be_trained_on(tiny_world: Path) -> None:
    before = transformer.published().state_dict()
    model = transformer.train(steps=1, batch=2, again=True)
    state = recipe.load("video/transformer")
    assert state is not None and state["again"]
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert torch.equal(codec.components()[0], load_file(codec.COMPONENTS)["weight"])


def test_the_judge_looks_at_films(tiny_world: Path) -> None:
    eye = classifier.train(steps=1, batch=2)
    clip = clips.Clip(Scene("snow", "night"), "castle", "right")
    seen = judge.look(eye, clips.film(clip, 0)[None], ["right"])[0]
    assert judge.right(clip, seen)["motion"]
    assert judge.motion_of(np.zeros((clips.FRAMES, clips.SIDE, clips.SIDE, 3), np.uint8)) is None
