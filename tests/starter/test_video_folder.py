"""The shipped video folder: it loads and makes clips by itself, and says what it knows."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from workers.gpu.starter.training.recipe import VIDEO_FOLDER

pytestmark = pytest.mark.heavy

MAKE = """
import sys
import numpy as np, torch
from diffusers import WanImageToVideoPipeline, WanPipeline
from PIL import Image
folder = sys.argv[1]
size = dict(width=128, height=128, num_frames=17, num_inference_steps=3, guidance_scale=1.5)
pipe = WanPipeline.from_pretrained(folder, torch_dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)
chance = torch.Generator().manual_seed(1)
film = pipe("a castle rises in the snow", generator=chance, **size).frames[0]
assert film.shape == (17, 128, 128, 3), film.shape
assert film.std() > 0.05, film.std()
pipe = WanImageToVideoPipeline.from_pretrained(folder, torch_dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)
first = Image.fromarray((film[0] * 255).astype("uint8"))
given = pipe(first, "a castle rises", generator=torch.Generator().manual_seed(1), **size).frames[0]
assert np.abs(given[0] - film[0]).mean() < 0.12, np.abs(given[0] - film[0]).mean()
bad = [name for name in sys.modules if "starter.training" in name or name == "resvg_py"]
assert not bad, bad
"""


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return json.loads((VIDEO_FOLDER / "words.json").read_text())


def test_it_makes_clips_and_reads_no_drawing_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(VIDEO_FOLDER)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_every_word_has_the_score_that_the_card_gives(known: dict[str, Any]) -> None:
    card = (VIDEO_FOLDER / "README.md").read_text()
    rows = re.findall(r"^\| ([a-z]+) \| ([a-z]+) \| ([0-9.]+) \|$", card, re.MULTILINE)
    scored = {(kind, word): float(score) for word, kind, score in rows}
    assert known["places"]
    for kind in ("places", "times", "things", "motions"):
        for entry in known[kind]:
            assert abs(scored[kind, entry["word"]] - entry["score"]) < 0.006, entry
            assert entry["score"] >= 0.8, entry


def test_examples_use_only_known_words(known: dict[str, Any]) -> None:
    words = set(known["connectives"])
    for kind in ("places", "times", "things", "motions"):
        for entry in known[kind]:
            words |= {entry["word"], *entry["synonyms"]}
    for example in known["examples"]:
        assert set(example.replace(",", "").split()) <= words, example


def test_the_preview_is_a_line_to_colours(known: dict[str, Any]) -> None:
    preview = known["preview"]
    assert len(preview["weight"]) == 48
    assert {len(row) for row in [*preview["weight"], preview["bias"]]} == {3}


def test_it_is_at_most_fifty_megabytes() -> None:
    size = sum(file.stat().st_size for file in VIDEO_FOLDER.rglob("*") if file.is_file())
    assert size <= 50_000_000
