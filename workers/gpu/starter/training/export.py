"""Puts the trained parts together as a StableDiffusionXLPipeline folder, with its words and card.

The folder is written beside its place and moved there file by file, so that whoever loads it
meanwhile reads whole files.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from torch.nn import functional as F

from . import card, text, unet, vae
from .recipe import CELL, IMAGE_FOLDER, LATENT_CHANNELS, WORK, load

FAST = {"steps": 12, "guidance": 2.5}


def pipeline() -> StableDiffusionXLPipeline:
    """The pipeline with the weights as far as trained, in full precision."""
    first, second = text.encoders()
    split = text.tokenizer()
    return StableDiffusionXLPipeline(
        vae=vae.trained(),
        text_encoder=first,
        text_encoder_2=second,
        tokenizer=split,
        tokenizer_2=split,
        unet=_averaged("unet", unet.build()),
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
    (fresh / "README.md").write_text(card.page(scores, FAST))
    _move(fresh, target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"export: {target.name}, {size / 1e6:.1f} MB", flush=True)


def preview() -> dict[str, Any]:
    """The straight line from a cell's 24 numbers to its mean colour in 0..1, by least squares."""
    latents = vae.latents().permute(0, 2, 3, 1).reshape(-1, LATENT_CHANNELS)
    colours = (F.avg_pool2d(vae.to_tensor(vae.drawn()), CELL) + 1) / 2
    colours = colours.permute(0, 2, 3, 1).reshape(-1, 3)
    ones = torch.ones(len(latents), 1)
    solved = torch.linalg.lstsq(torch.cat([latents, ones], 1), colours).solution
    rounded = [[round(part, 5) for part in row] for row in solved.tolist()]
    return {"weight": rounded[:-1], "bias": rounded[-1]}


def _averaged(name: str, model: Any) -> Any:
    """The model with its averaged weights, or as it is when that stage has not begun."""
    state = load(name)
    if state is not None:
        model.load_state_dict(state["average"])
    return model.eval()


def _scores() -> dict[str, Any]:
    path = WORK / "score.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _move(fresh: Path, target: Path) -> None:
    files = [file for file in fresh.rglob("*") if file.is_file()]
    for file in files:
        place = target / file.relative_to(fresh)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
    known = {target / file.relative_to(fresh) for file in files}
    for file in target.rglob("*"):
        if file.is_file() and file not in known:
            file.unlink()
