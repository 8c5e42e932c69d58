"""What a preset may say to the engine: the same names as the engine reads, and no wrong values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jobs.preset_options import CHECKS, NAMES, problem_of_options

GPU = Path(__file__).resolve().parents[2] / "workers" / "gpu"
READ = re.compile(r"options(?:\.get\(|\[)\"([a-z_]+)\"")


def test_every_option_that_the_engine_reads_can_be_said_and_no_other() -> None:
    files = [*GPU.glob("*.py"), *(GPU / "families").glob("*.py")]
    assert {name for file in files for name in READ.findall(file.read_text())} == set(CHECKS)


@pytest.mark.heavy
def test_every_sampler_of_the_engine_can_be_said_and_no_other() -> None:
    from workers.gpu.families import _schedulers, _tuning

    assert set(NAMES["scheduler"]) == set(_schedulers.KNOWN)
    assert set(NAMES["dtype"]) == set(_tuning.FORMATS)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "no table"),
        ({"compile": "yes"}, "“compile” must be true or false"),
        ({"dtype": "float12"}, "one of float32"),
        ({"first_block_cache": 3}, "a number from 0 to 1"),
        ({"steps": 0}, "a whole number"),
        ({"file": "model.ckpt"}, "a .safetensors file"),
        ({"loras": [{"file": "a.safetensors"}]}, "a list of LoRAs"),
        ({"loras": [{"source": "owner/name", "weight": "1"}]}, "a list of LoRAs"),
        ({"scheduler_options": []}, "a table"),
        ({"variant": ""}, "a text"),
        ({"loras": [{"source": "owner/name", "weight": 0.5}], "guidance": 0.0, "steps": 4}, ""),
    ],
)
def test_what_is_wrong_is_said(options: Any, says: str) -> None:
    problem = problem_of_options(options)
    assert says in problem and bool(says) == bool(problem)
