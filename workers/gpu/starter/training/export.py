"""Puts the trained parts together as a StableDiffusionXLPipeline folder, with its words and card.

The folder is written beside its place and moved there file by file, so that whoever loads it
meanwhile reads whole files.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from diffusers import StableDiffusionXLPipeline
from safetensors.torch import save_file

from . import card, text, unet, vae
from .recipe import IMAGE_FOLDER, WORK, load

HISTORY = "training.json"  # steps and minutes of every stage, those of other machines too
FAST = {"steps": 10, "guidance": 1.6}


def pipeline() -> StableDiffusionXLPipeline:
    """The pipeline with the weights as far as trained, in full precision."""
    first, second = text.encoders()
    if not knows_sizes():
        text.mute((first, second), text.SIZES)
    split = text.tokenizer()
    return StableDiffusionXLPipeline(
        vae=vae.trained(),
        text_encoder=first,
        text_encoder_2=second,
        tokenizer=split,
        tokenizer_2=split,
        unet=unet.trained(),
        scheduler=unet.scheduler(),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )


def export(target: Path = IMAGE_FOLDER) -> None:
    """Write pipeline, words and card to ``target``."""
    fresh = WORK / "export"
    shutil.rmtree(fresh, ignore_errors=True)
    made = pipeline()
    # On so small a model a rounded word vector is the same word, but a mixed precision is an error.
    made.unet.half()
    made.vae.half()
    made.save_pretrained(fresh)
    scores = _scores()
    words = card.words(scores, FAST, preview())
    (fresh / "words.json").write_text(json.dumps(words, indent=1) + "\n")
    (fresh / "README.md").write_text(card.page(scores, FAST, _millions(made)))
    behind = scores.get("training") or trained_before()
    (fresh / HISTORY).write_text(json.dumps(behind, indent=1) + "\n")
    weight, bias = vae.components()
    save_file({"weight": weight, "bias": bias}, fresh / vae.COMPONENTS.relative_to(IMAGE_FOLDER))
    publish(fresh, target)


def preview() -> dict[str, Any]:
    """The straight line from a cell's 24 numbers to its mean colour in 0..1."""
    weight, bias = vae.mean_colours()
    return {
        "weight": [[round(part / 2, 5) for part in row] for row in weight.tolist()],
        "bias": [round((part + 1) / 2, 5) for part in bias.tolist()],
    }


def trained_before(folder: Path = IMAGE_FOLDER) -> dict[str, Any]:
    """The stages that the weights published in a folder have behind them."""
    file = folder / HISTORY
    return json.loads(file.read_text()) if file.exists() else {}


def knows_sizes() -> bool:
    """Whether the weights, trained here or published, were ever taught sizes."""
    return any(name.startswith("unet-sizes") for name in trained_before()) or bool(
        load("unet-sizes")
    )


def _millions(made: StableDiffusionXLPipeline) -> float:
    parts = (made.unet, made.vae, made.text_encoder, made.text_encoder_2)
    return sum(weight.numel() for part in parts for weight in part.parameters()) / 1e6


def _scores() -> dict[str, Any]:
    path = WORK / "score.json"
    return json.loads(path.read_text()) if path.exists() else {}


def publish(fresh: Path, target: Path) -> None:
    """Move a whole new folder over the old one, file by file, and say how large it is."""
    files = [file for file in fresh.rglob("*") if file.is_file()]
    for file in files:
        place = target / file.relative_to(fresh)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
    known = {target / file.relative_to(fresh) for file in files}
    for file in target.rglob("*"):
        if file.is_file() and file not in known:
            file.unlink()
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"export: {target.name}, {size / 1e6:.1f} MB", flush=True)
