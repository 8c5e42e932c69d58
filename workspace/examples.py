"""The six prompts of an empty workspace, each with the picture that the starter model made of it.
Not for what a model knows in general: see its words.json.
"""

from __future__ import annotations

from functools import cache

from django.contrib.staticfiles import finders
from django.utils.text import slugify

from jobs.presets import Words

MOST = 6
FOLDER = "ourvidz/examples"
# For models that know any word, and say no examples of their own.
PROMPTS = (
    "a castle in the snow at sunset",
    "a rocket in space",
    "a pink fox in the forest by day",
    "a robot in the city at night",
    "a blue umbrella on the beach by day",
    "a green balloon in the mountains at sunset",
)


def examples_of(words: Words) -> list[dict[str, str]]:
    """Return prompts that the model can do, with the static path of a picture where there is
    one.
    """
    prompts = (words.examples or PROMPTS)[:MOST]
    return [{"prompt": prompt, "picture": _picture(prompt)} for prompt in prompts]


@cache
def _picture(prompt: str) -> str:
    path = f"{FOLDER}/{slugify(prompt)}.webp"
    return path if finders.find(path) else ""
