"""The shipped folder: it loads and draws by itself, is small, and says what it knows."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.heavy

KINDS = ("places", "times", "things", "colours", "sides", "sizes")

GENERATE = """
import sys
import torch
from diffusers import StableDiffusionXLPipeline
pipe = StableDiffusionXLPipeline.from_pretrained(sys.argv[1], torch_dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)
seen = []
def step_end(pipe, step, time, values):
    seen.append(tuple(values["latents"].shape))
    return values
for side, steps in ((256, int(sys.argv[2])), (64, 2)):
    picture = pipe(
        "a castle in the snow at sunset", negative_prompt="a cat", width=side, height=side,
        num_inference_steps=steps, guidance_scale=2.5, generator=torch.Generator().manual_seed(1),
        callback_on_step_end=step_end,
    ).images[0]
    assert picture.size == (side, side), picture.size
    assert max(high - low for low, high in picture.getextrema()) > 30, picture.getextrema()
    assert seen[-1] == (1, 24, side // 16, side // 16), seen
bad = [name for name in sys.modules if "starter.training" in name or name == "resvg_py"]
assert not bad, bad
"""


def test_it_draws_and_reads_no_drawing_code(folder: Path, words: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GENERATE, str(folder), str(words["fast"]["steps"])],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_it_is_at_most_forty_megabytes(folder: Path) -> None:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert size <= 40_000_000


def test_every_word_has_the_score_that_the_card_gives(folder: Path, words: dict[str, Any]) -> None:
    card = (folder / "README.md").read_text()
    rows = re.findall(r"^\| ([a-z]+) \| ([a-z]+) \| ([0-9.]+) \|$", card, re.MULTILINE)
    scored = {(kind, word): float(score) for word, kind, score in rows}
    for kind in KINDS:
        for entry in words[kind]:
            assert abs(scored[kind, entry["word"]] - entry["score"]) < 0.006, entry
    assert all(entry["score"] >= 0.5 for entry in words["things"])


def test_examples_use_only_known_words(words: dict[str, Any]) -> None:
    known = set(words["connectives"])
    for kind in KINDS:
        for entry in words[kind]:
            known |= {entry["word"], *entry["synonyms"]}
    assert len(words["examples"]) == 6
    for example in words["examples"]:
        assert set(example.split()) <= known, example


def test_the_preview_is_a_line_to_colours(words: dict[str, Any]) -> None:
    preview = words["preview"]
    assert len(preview["weight"]) == 24
    assert {len(row) for row in [*preview["weight"], preview["bias"]]} == {3}
