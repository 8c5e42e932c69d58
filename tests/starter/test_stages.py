"""Every stage of the training runs, stops and goes on; tiny, and without the network."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from workers.gpu.starter.training import (
    beginning,
    classifier,
    lessons,
    polish,
    recipe,
    score,
    unet,
    vae,
)
from workers.gpu.starter.training.places import Scene

pytestmark = pytest.mark.heavy


def steps_of(name: str) -> int:
    state = recipe.load(name)
    assert state is not None
    return state["step"]


def test_the_decoder_goes_on(tiny_world: Path) -> None:
    vae.train_decoder(steps=1, batch=1)
    assert steps_of("decoder") == 1
    vae.train_decoder(steps=2, batch=1)
    assert steps_of("decoder") == 2


def test_a_stage_begins_again_with_what_is_published(tiny_world: Path) -> None:
    """On another machine too: with the numbers for cells that those weights were trained on."""
    before = vae.published().decoder.conv_in.weight.detach().clone()
    codec = vae.train_decoder(steps=1, batch=1, again=True)
    assert torch.allclose(codec.decoder.conv_in.weight, before, atol=0.01)
    assert torch.equal(vae.components()[0], load_file(vae.COMPONENTS)["weight"])
    assert "size" not in lessons.exam(rounds=score.rounds_behind())
    unet.train_sizes(steps=1, batch=2, again=True)
    assert {"decoder, again", "unet-sizes, again", "unet"} <= score.stages_behind().keys()
    assert "size" in lessons.exam(rounds=score.rounds_behind())


def test_the_encoder_goes_on(tiny_world: Path) -> None:
    vae.train_encoder(steps=1, batch=1)
    codec = vae.train_encoder(steps=2, batch=1)
    assert steps_of("encoder") == 2
    joined = vae.trained()
    assert torch.equal(joined.quant_conv.weight, codec.quant_conv.weight)


def test_the_unet_goes_on_where_it_stopped(tiny_world: Path) -> None:
    unet.train(steps=1, batch=2)
    model = unet.train(steps=2, batch=2)
    assert steps_of("unet") == 2
    assert set(unet.listening(model, count=2)) == {"true", "thing", "place", "colour", "size"}


def test_each_round_goes_on_from_the_one_before(tiny_world: Path) -> None:
    unet.train(steps=1, batch=2)
    unet.train_more(steps=1, batch=2)
    unet.train_sides(steps=1, batch=2)
    model = unet.train_sizes(steps=1, batch=2)
    assert steps_of("unet-more") == steps_of("unet-sides") == steps_of("unet-sizes") == 1
    assert torch.equal(unet.trained().conv_in.weight, model.conv_in.weight)


def test_the_decoder_is_polished_on_what_the_unet_guesses(tiny_world: Path) -> None:
    polish.train(steps=1, batch=1)
    codec = polish.train(steps=2, batch=1)
    assert steps_of("polish") == 2
    assert torch.equal(vae.trained().decoder.conv_in.weight, codec.decoder.conv_in.weight)


def test_the_judge_learns_and_answers(tiny_world: Path) -> None:
    judge = classifier.train(steps=1, batch=2)
    judge = classifier.train(steps=2, batch=2)
    assert steps_of("judge") == 2
    said = classifier.ask(judge, torch.zeros(1, 3, 256, 256))
    assert set(said[0]) == set(classifier.QUESTIONS)


def test_a_picture_to_start_from_is_marked_at_every_strength(
    tiny_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "SCENES_GIVEN", [Scene("snow", "night")])
    judge = classifier.train(steps=1, batch=2)
    marks = beginning.marks(score.Painter().pipe, judge)
    assert list(marks) == ["0.3", "0.5", "0.7"]
    assert all(set(each) == {"place", "time", "thing"} for each in marks.values())
