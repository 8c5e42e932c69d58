"""A preview's map from latents to colours, measured on the autoencoder itself: it encodes patches
of colour that are known, and least squares say which channels stand for red, green and blue. Takes
one small encoding when a model is loaded, and no table of numbers for each autoencoder there is.
"""

import json
import logging
from collections.abc import Callable

import torch

from ..previews import LinearMap
from ..sources import Place

log = logging.getLogger(__name__)

CELLS = 32  # latents along the side of the picture that is encoded
PATCH = 2  # latents along the side of a patch of one colour
RIDGE = 1e-2

Encode = Callable[[torch.Tensor], torch.Tensor]


def linear_map(place: Place, encode: Encode, factor: int) -> LinearMap | None:
    """The map in the folder's words.json, else one that fits; None when there is no telling.

    `encode` takes a picture (1, 3, side, side) of -1…1 and gives the latents (1, channels, height,
    width) that the model denoises, `factor` times smaller.
    """
    words = place.folder / "words.json" if place.folder else None
    if words and words.is_file():
        given = json.loads(words.read_text(encoding="utf-8")).get("preview")
        if given:
            return LinearMap(given["weight"], given["bias"])
    try:
        return fitted(encode, factor)
    except Exception:  # a preview is never worth a job
        log.exception("No previews: the autoencoder could not be measured")
        return None


def fitted(encode: Encode, factor: int) -> LinearMap:
    """The map that explains patches of random colours best."""
    count = CELLS // PATCH
    colours = torch.rand(1, 3, count, count, generator=torch.Generator().manual_seed(0))
    picture = colours.repeat_interleave(PATCH * factor, 2).repeat_interleave(PATCH * factor, 3)
    latents = encode(picture * 2 - 1).float().cpu()
    small = torch.nn.functional.adaptive_avg_pool2d(picture, latents.shape[-2:])
    known = latents[0].flatten(1).T
    known = torch.cat([known, torch.ones(len(known), 1)], 1).double()
    wanted = small[0].flatten(1).T.double()
    square = known.T @ known + RIDGE * torch.eye(known.shape[1]).double()
    solved = torch.linalg.solve(square, known.T @ wanted)
    return LinearMap(solved[:-1].tolist(), solved[-1].tolist())
