"""How a picture to start from fares: what of it is still there, and whether the words were heard.

A drawing of one thing somewhere is given, and words that name another thing and nothing else. What
they leave unsaid (the place, the time) should be as it was, and more of it the lower the strength.
"""

import numpy as np
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from PIL import Image

from . import classifier, sprites, vae, world
from .export import FAST
from .places import SCENES
from .recipe import SEED

STRENGTHS = (0.3, 0.5, 0.7)
BATCH = 11
# Everywhere but where words without a place would lead anyway.
SCENES_GIVEN = [one for one in SCENES if one.place not in ("plain", world.DEFAULT_PLACE)]


def marks(pipe: StableDiffusionXLPipeline, judge: classifier.Judge) -> dict[str, dict[str, float]]:
    """For each strength the shares of pictures with the place and time of the picture that was
    given, and with the thing that the words name.
    """
    begun = StableDiffusionXLImg2ImgPipeline(**pipe.components)
    begun.set_progress_bar_config(disable=True)
    return {str(strength): _shares(begun, judge, strength) for strength in STRENGTHS}


def _pairs() -> list[tuple[world.Subject, world.Subject]]:
    """What each given picture shows, and the same with the thing that the words name."""
    rng = np.random.default_rng([SEED, 7])
    chosen = []
    for scene in (*SCENES_GIVEN, *SCENES_GIVEN):
        here, there = rng.choice(list(sprites.THINGS), 2, replace=False)
        chosen.append((world.Subject(scene, str(here)), world.Subject(scene, str(there))))
    return chosen


def _shares(
    begun: StableDiffusionXLImg2ImgPipeline, judge: classifier.Judge, strength: float
) -> dict[str, float]:
    right: dict[str, list[bool]] = {"place": [], "time": [], "thing": []}
    pairs = _pairs()
    for start in range(0, len(pairs), BATCH):
        group = pairs[start : start + BATCH]
        seen = classifier.ask(judge, vae.to_tensor(repaint(begun, group, strength)))
        for (_, wanted), said in zip(group, seen, strict=True):
            for question, answer in classifier.answers(wanted).items():
                if answer and question in right:
                    right[question].append(said[question] == answer)
    return {question: round(sum(hits) / len(hits), 4) for question, hits in right.items()}


def repaint(
    begun: StableDiffusionXLImg2ImgPipeline,
    pairs: list[tuple[world.Subject, world.Subject]],
    strength: float,
) -> np.ndarray:
    """The pictures made of the first of each pair by the thing of the second, (n, 256, 256, 3)
    uint8.
    """
    drawn = begun(
        [world.a(wanted.thing or "") for _, wanted in pairs],
        image=[Image.fromarray(world.compose(given, 0)) for given, _ in pairs],
        strength=strength,
        num_inference_steps=FAST["steps"],
        guidance_scale=FAST["guidance"],
        generator=[torch.Generator().manual_seed(number) for number in range(len(pairs))],
        output_type="np",
    ).images
    return (drawn * 255).round().astype(np.uint8)
