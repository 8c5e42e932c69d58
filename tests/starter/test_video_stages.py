"""Every stage of the video's training runs, stops and goes on; tiny, and without the network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from workers.gpu.starter.training import classifier, recipe
from workers.gpu.starter.training.places import Scene
from workers.gpu.starter.training.video import clips, codec, judge, transformer

pytestmark = pytest.mark.heavy


def steps_of(name: str) -> int:
    state = recipe.load(f"video/{name}")
    assert state is not None
    return state["step"]


def test_the_decoder_goes_on(tiny_world: Path) -> None:
    codec.train_decoder(steps=1)
    made = codec.train_decoder(steps=2)
    assert steps_of("decoder") == 2
    assert torch.equal(codec.trained().decoder.conv_in.weight, made.decoder.conv_in.weight)


def test_the_encoder_goes_on(tiny_world: Path) -> None:
    codec.train_encoder(steps=1, batch=1)
    made = codec.train_encoder(steps=2, batch=1)
    assert steps_of("encoder") == 2
    assert torch.equal(codec.trained().quant_conv.weight, made.quant_conv.weight)


def test_the_transformer_goes_on_where_it_stopped(tiny_world: Path) -> None:
    transformer.train(steps=1, batch=2)
    model = transformer.train(steps=2, batch=2)
    assert steps_of("transformer") == 2
    assert set(transformer.listening(model, count=2)) == {"true", "thing", "place", "motion"}


def test_a_codec_reads_what_the_pipeline_reads(tiny_world: Path) -> None:
    whole = codec.build().eval()
    coded = codec.compute(codec.to_tensor(clips.film(*next(clips.training_set()))[None]))
    with torch.no_grad():
        read = codec.read(whole, coded).clamp(-1, 1)
        assert torch.equal(read, whole.decode(coded).sample)


def test_the_judge_looks_at_films(tiny_world: Path) -> None:
    eye = classifier.train(steps=1, batch=2)
    clip = clips.Clip(Scene("snow", "night"), "castle", "right")
    seen = judge.look(eye, clips.film(clip, 0)[None], ["right"])[0]
    assert judge.right(clip, seen)["motion"]
    assert judge.motion_of(np.zeros((clips.FRAMES, clips.SIDE, clips.SIDE, 3), np.uint8)) is None
