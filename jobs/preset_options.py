"""What a preset's `options` may say to the engine. What is wrong is said in a sentence, since a
misspelt switch would do nothing, and a wrong value fail every job. Not for what they do: see
workers/gpu/families/_tuning.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

SAFE = ".safetensors"
SWITCHES = ("channels_last", "compile", "recorded", "vae_tiling")
NAMES = {
    "dtype": ("float32", "bfloat16", "float16"),
    "offload": ("group", "none"),
    "weights": ("float8",),
    "scheduler": (
        "ddim",
        "euler",
        "euler_trailing",
        "euler_a",
        "heun",
        "dpmpp_2m",
        "dpmpp_2m_karras",
        "dpmpp_2m_sde",
        "unipc",
        "lcm",
        "tcd",
    ),
}
OF_LORA: dict[str, type | tuple[type, ...]] = {
    "source": str,
    "revision": str,
    "file": str,
    "weight": (int, float),
}


def problem_of_options(options: Any) -> str:
    """Return what is wrong with a preset's options, or an empty text."""
    return next(_problems(options), "")


def _problems(options: Any) -> Iterator[str]:
    if not isinstance(options, dict):
        yield "it is no table."
        return
    for name, value in options.items():
        if name not in CHECKS:
            yield f"there is no option “{name}”."
        elif wanted := CHECKS[name](value):
            yield f"“{name}” must be {wanted}, not {value!r}."


def _switch(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda value: "" if value in known else f"one of {', '.join(known)}"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "a text"


def _file(value: Any) -> str:
    return "" if isinstance(value, str) and value.endswith(SAFE) else f"a {SAFE} file"


def _number(low: float, high: float) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return "" if number and low <= value <= high else f"a number from {low} to {high}"

    return check


def _steps(value: Any) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return "" if whole and 1 <= value <= 1000 else "a whole number from 1 to 1000"


def _table(value: Any) -> str:
    return "" if isinstance(value, dict) else "a table"


def _loras(value: Any) -> str:
    return "" if isinstance(value, list) and all(map(_is_lora, value)) else "a list of LoRAs"


def _is_lora(value: Any) -> bool:
    """A source, and if it is not all of it and at full weight: revision, file and weight."""
    known = isinstance(value, dict) and value.get("source") and set(value) <= set(OF_LORA)
    return bool(known) and all(isinstance(each, OF_LORA[name]) for name, each in value.items())


CHECKS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(SWITCHES, _switch),
    **{name: _one_of(known) for name, known in NAMES.items()},
    "attention": _text,
    "file": _file,
    "first_block_cache": _number(0, 1),
    "guidance": _number(0, 50),
    "loras": _loras,
    "scheduler_options": _table,
    "steps": _steps,
    "variant": _text,
}
