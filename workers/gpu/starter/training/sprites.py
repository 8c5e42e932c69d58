"""Fetches and renders the things that the training pictures show; not for anything that generates.

The art is Microsoft's Fluent emoji (MIT), from the npm package ``@iconify-json/fluent-emoji``.
Each named drawing is rendered once into ``var/training/sprites`` as a square RGBA file.
"""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from .recipe import WORK

PACKAGE = "@iconify-json/fluent-emoji@1.2.7"
SPRITE_SIDE = 288  # pixels; twice the size at which the world shows a thing

# The word in a caption, and the drawing's name in the package: bold outlines, few small parts.
THINGS: dict[str, str] = {
    "castle": "castle",
    "apple": "red-apple",
    "mushroom": "mushroom",
    "balloon": "balloon",
    "car": "automobile",
    "robot": "robot",
    "fox": "fox",
    "cat": "cat-face",
    "dog": "dog-face",
    "house": "house",
    "tree": "deciduous-tree",
    "rocket": "rocket",
    "frog": "frog",
    "snowman": "snowman-without-snow",
    "penguin": "penguin",
    "pumpkin": "jack-o-lantern",
    # Those of the second round follow; what was learnt first keeps its place.
    "bear": "bear",
    "rabbit": "rabbit-face",
    "pig": "pig-face",
    "lion": "lion",
    "owl": "owl",
    "fish": "tropical-fish",
    "turtle": "turtle",
    "octopus": "octopus",
    "butterfly": "butterfly",
    "flower": "tulip",
    "cactus": "cactus",
    "boat": "sailboat",
    "bus": "bus",
    "umbrella": "umbrella",
    "gift": "wrapped-gift",
    "star": "star",
    "heart": "red-heart",
    "dinosaur": "sauropod",
}
FIRST_THINGS = tuple(THINGS)[:16]
# Drawings of one main colour, which can have another.
# fmt: off
DYED = (
    "apple", "mushroom", "balloon", "car", "fox", "cat", "dog", "house", "tree", "fish", "turtle",
    "butterfly", "flower", "umbrella", "gift", "star", "heart", "dinosaur",
)
# fmt: on


def folder() -> Path:
    """Where the rendered drawings lie."""
    return WORK / "sprites"


def fetch() -> dict[str, str]:
    """SVG bodies by name, from the package, which the npm client downloads once."""
    WORK.mkdir(parents=True, exist_ok=True)
    archive = WORK / "iconify-json-fluent-emoji-1.2.7.tgz"
    if not archive.exists():
        subprocess.run(["npm", "pack", PACKAGE], cwd=WORK, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/icons.json")
        if member is None:
            raise RuntimeError(f"{archive.name} holds no icons.json")
        icons = json.load(member)["icons"]
    return {name: icon["body"] for name, icon in icons.items()}


def render(body: str, side: int = SPRITE_SIDE) -> Image.Image:
    """One SVG body as a square RGBA picture of ``side`` pixels."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{body}</svg>'
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")


def render_all() -> None:
    """Render every thing that is not there yet."""
    missing = {word: name for word, name in THINGS.items() if not _file(word).exists()}
    if not missing:
        print(f"sprites: all {len(THINGS)} there", flush=True)
        return
    folder().mkdir(parents=True, exist_ok=True)
    bodies = fetch()
    for count, (word, name) in enumerate(missing.items(), 1):
        render(bodies[name]).save(_file(word))
        print(f"sprites {count}/{len(missing)} {word}", flush=True)


def load(word: str) -> Image.Image:
    """A thing's drawing, trimmed to its outline; RGBA."""
    picture = Image.open(_file(word)).convert("RGBA")
    return picture.crop(picture.getchannel("A").getbbox() or (0, 0, *picture.size))


def stand_in(word: str) -> Image.Image:
    """A drawing made from the word alone, for tests without the network; RGBA."""
    rng = np.random.default_rng(list(word.encode()))
    pixels = np.zeros((SPRITE_SIDE, SPRITE_SIDE, 4), np.uint8)
    pixels[32:-32, 48:-48] = (*rng.integers(0, 256, 3), 255)
    pixels[96:160, 96:-96] = (*rng.integers(0, 256, 3), 255)
    return Image.fromarray(pixels).crop((48, 32, SPRITE_SIDE - 48, SPRITE_SIDE - 32))


def _file(word: str) -> Path:
    return folder() / f"{word}.png"
