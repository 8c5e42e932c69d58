"""What is refused is said in one language: words of ours that stand inside a sentence too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils import translation

from jobs.models import Preset
from jobs.specs import TYPE_NAMES, checked_parameters
from ourvidz.errors import Refused, sentence
from ourvidz.messages import WORDS

ROOT = Path(__file__).resolve().parents[2]
FILES = ("references.py", "videos.py")


def reasons() -> set[str]:
    """What the GPU process says of files that cannot be used, read off its code."""
    trees = [ast.parse((ROOT / "workers" / "gpu" / name).read_text()) for name in FILES]
    texts = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {each.value for each in texts if str(each.value).startswith("it ")}


def test_a_workers_reasons_are_known_here() -> None:
    assert reasons() and reasons() <= set(WORDS)
    assert set(TYPE_NAMES.values()) <= set(WORDS)


@pytest.mark.parametrize(
    ("code", "params", "says"),
    [
        ("reference_unreadable", {"reason": "it has too many pixels"}, "zu viele Pixel"),
        ("bad_parameters", {"reason": "steps: 0"}, "steps: 0"),
        ("references_many", {"limit": 5, "role": "image"}, "der Rolle Bild"),
        ("parameter_type", {"label": "Steps", "type": "a whole number"}, "eine ganze Zahl"),
        ("lora_broken", {"name": "Steps"}, "„Steps“"),  # a name stays as it is
    ],
)
def test_words_inside_a_sentence_are_said_in_its_language(
    code: str, params: dict[str, object], says: str
) -> None:
    with translation.override("de"):
        assert says in sentence(code, params)
    for value in params.values():
        assert str(value) in sentence(code, params)


def test_a_step_says_where_it_begins() -> None:
    entry = {"name": "frames", "label": "Frames", "type": "integer", "default": 17}
    preset = Preset(parameters=[entry | {"min": 17, "max": 81, "step": 4}])
    with pytest.raises(Refused, match="Frames goes up from 17 in steps of 4"):
        checked_parameters(preset, {"frames": 20})


def test_the_models_own_choice_needs_no_name() -> None:
    entry = {"name": "s", "label": "Sampler", "type": "choice", "choices": ["", "ddim"]}
    preset = Preset(parameters=[entry | {"default": ""}])
    with pytest.raises(Refused, match="one of ddim"):
        checked_parameters(preset, {"s": "x"})
