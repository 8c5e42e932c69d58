"""``python -m workers.gpu.starter.training STAGE``: runs one stage, or all, going on where it left.

Only wires stages to the command line; what a stage does is in the module of its name.
"""

import argparse
import sys

import torch

from .loop import note_process

STAGES = ("sprites", "vae", "unet", "polish", "encoder", "export", "classifier", "score")


def run(stage: str, steps: int | None) -> None:
    """One stage to its end; ``steps`` overrides the recipe's number of them."""
    # Imported here, because each stage loads much that the others do not need.
    if stage == "sprites":
        from . import sprites

        sprites.render_all()
    elif stage == "vae":
        from . import vae

        vae.train_decoder(steps or vae.DECODER_STEPS)
    elif stage == "encoder":
        from . import vae

        vae.train_encoder(steps or vae.ENCODER_STEPS)
    elif stage == "unet":
        from . import unet

        print(unet.listening(unet.train(steps or unet.STEPS)), flush=True)
    elif stage == "polish":
        from . import polish

        polish.train(steps or polish.STEPS)
    elif stage == "classifier":
        from . import classifier

        classifier.train(steps or classifier.STEPS)
    elif stage == "score":
        from . import export, score

        score.score()
        export.export()  # once more, for the card to give the scores
    elif stage == "export":
        from . import export

        export.export()


def main(arguments: list[str]) -> None:
    """Read the stage's name and run it."""
    parser = argparse.ArgumentParser(prog="python -m workers.gpu.starter.training")
    parser.add_argument("stage", choices=(*STAGES, "all"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="instead of the recipe's number")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    note_process()
    for stage in STAGES if chosen.stage == "all" else (chosen.stage,):
        run(stage, chosen.steps)


if __name__ == "__main__":
    main(sys.argv[1:])
