"""``python -m workers.gpu.starter.training WHAT``: makes a starter model, going on where it left.

WHAT is a model (image, video, upscale), ``all`` of them, or one stage of one. Only wires stages to
the command line; what a stage does is in the module of its name.
"""

import argparse
import importlib
import inspect
import sys

import torch

from .loop import note_process

# Each stage's module and function.
STAGES: dict[str, tuple[str, str]] = {
    "sprites": ("sprites", "render_all"),
    "vae": ("vae", "train_decoder"),
    "unet": ("unet", "stage"),
    "unet-more": ("unet", "more"),
    "unet-sides": ("unet", "sides"),
    "unet-sizes": ("unet", "sizes"),
    "polish": ("polish", "train"),
    "encoder": ("vae", "train_encoder"),
    "export": ("export", "export"),
    "classifier": ("classifier", "train"),
    "score": ("score", "stage"),
    "video-codec": ("video.codec", "compute_codec"),
    "video-transformer": ("video.transformer", "stage"),
    "video-export": ("video.export", "export"),
    "video-score": ("video.score", "stage"),
    "upscale-2x": ("upscale.network", "train_double"),
    "upscale-4x": ("upscale.network", "train_fourfold"),
    "upscale-score": ("upscale.score", "score"),
}
MODELS: dict[str, tuple[str, ...]] = {
    "image": (
        *("sprites", "vae", "unet", "unet-more", "unet-sides", "unet-sizes", "polish"),
        *("encoder", "export", "classifier", "score"),
    ),
    "video": (
        "sprites",
        "classifier",
        "video-codec",
        "video-transformer",
        "video-export",
        "video-score",
    ),
    "upscale": ("sprites", "classifier", "upscale-2x", "upscale-4x", "upscale-score"),
}


def run(stage: str, steps: int | None, *, again: bool = False) -> None:
    """One stage to its end; ``steps`` overrides the recipe's number, where there is one.

    ``again``: a stage that can begins with the weights in the repository, not with fresh ones.
    """
    module, name = STAGES[stage]
    # Imported here, because each stage loads much that the others do not need.
    function = getattr(importlib.import_module(f".{module}", __package__), name)
    wanted = {"steps": steps, "again": again}
    taken = inspect.signature(function).parameters
    function(**{name: value for name, value in wanted.items() if value and name in taken})


def stages_of(what: str) -> list[str]:
    """The stages of a model, of all of them (each stage once), or the one stage named."""
    if what != "all":
        return list(MODELS.get(what, (what,)))
    return list(dict.fromkeys(stage for listed in MODELS.values() for stage in listed))


def main(arguments: list[str]) -> None:
    """Read what is to be made, and make it."""
    parser = argparse.ArgumentParser(prog="python -m workers.gpu.starter.training")
    parser.add_argument("what", choices=("all", *MODELS, *STAGES), metavar="WHAT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="instead of the recipe's number")
    parser.add_argument("--again", action="store_true", help="begin with the published weights")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    torch.set_default_device(chosen.device)
    note_process()
    for stage in stages_of(chosen.what):
        run(stage, chosen.steps, again=chosen.again)


if __name__ == "__main__":
    main(sys.argv[1:])
