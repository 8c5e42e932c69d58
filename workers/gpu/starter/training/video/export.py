"""Puts the trained parts together as a WanPipeline folder, with its words and card."""

import json
import shutil
from pathlib import Path
from typing import Any

from diffusers import WanPipeline
from safetensors.torch import save_file

from ..export import HISTORY, publish, trained_before
from ..recipe import VIDEO_FOLDER, WORK
from . import card, clips, codec, transformer, words

FAST = {
    "steps": 8,
    "guidance": 1.5,
    "width": clips.SIDE,
    "height": clips.SIDE,
    "frames": clips.FRAMES,
    "fps": 8,
}


def pipeline() -> WanPipeline:
    """The pipeline with the weights as far as trained, in full precision."""
    return WanPipeline(
        tokenizer=words.tokenizer(),
        text_encoder=words.encoder(),
        vae=codec.compute_codec(),
        scheduler=transformer.scheduler(),
        transformer=transformer.trained(),
        expand_timesteps=True,
    )


def export(target: Path = VIDEO_FOLDER) -> None:
    """Write pipeline, words and card to ``target``."""
    fresh = WORK / "video" / "export"
    shutil.rmtree(fresh, ignore_errors=True)
    made = pipeline()
    made.transformer.half()
    made.vae.decoder.half()  # the encoder's sums are too fine for it
    made.save_pretrained(fresh)
    scores = _scores()
    listed = card.words(scores, FAST, preview())
    (fresh / "words.json").write_text(json.dumps(listed, indent=1) + "\n")
    (fresh / "README.md").write_text(card.page(scores, FAST, _millions(made)))
    behind = scores.get("training") or trained_before(VIDEO_FOLDER)
    (fresh / HISTORY).write_text(json.dumps(behind, indent=1) + "\n")
    weight, bias = codec.components()
    numbers = {"weight": weight.contiguous(), "bias": bias.contiguous()}
    save_file(numbers, fresh / codec.COMPONENTS.relative_to(VIDEO_FOLDER))
    publish(fresh, target)


def preview() -> dict[str, Any]:
    """The straight line from a cell's 48 numbers to its mean colour in 0..1."""
    weight, bias = codec.mean_colours()
    return {
        "weight": [[round(part / 2, 5) for part in row] for row in weight.tolist()],
        "bias": [round((part + 1) / 2, 5) for part in bias.tolist()],
    }


def _millions(made: WanPipeline) -> float:
    parts = (made.transformer, made.vae, made.text_encoder)
    return sum(weight.numel() for part in parts for weight in part.parameters()) / 1e6


def _scores() -> dict[str, Any]:
    path = WORK / "video" / "score.json"
    return json.loads(path.read_text()) if path.exists() else {}
