"""Opens an upscaler's weights with spandrel, which knows the community's architectures.

Spandrel asks for torchvision, but only two of its architectures (for faces and for holes) use it.
A torchvision that was built for another torch breaks every pipeline, so OurVidz installs spandrel
without it, and those two are not to be had.
"""

import contextlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FUNCTIONAL = "torchvision.transforms.functional"
NAMES = ("torchvision", "torchvision.transforms", FUNCTIONAL)


def load(file: Path) -> Any:
    """A spandrel ``ImageModelDescriptor`` of the weights in ``file``, on the CPU.

    Raises spandrel's ``UnsupportedModelError`` for weights that it does not know.
    """
    with _without_torchvision():
        import spandrel

    return spandrel.ModelLoader(device="cpu").load_from_file(str(file))


@contextlib.contextmanager
def _without_torchvision() -> Iterator[None]:
    """Let spandrel's first import find the names it looks for; nobody else shall see them."""
    if "spandrel" in sys.modules:
        yield
        return
    kept = {name: sys.modules[name] for name in NAMES if name in sys.modules}
    absent = {name: types.ModuleType(name) for name in NAMES}
    for needed in ("InterpolationMode", "normalize", "rotate"):
        setattr(absent[FUNCTIONAL], needed, _needs_torchvision)
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in NAMES:
            del sys.modules[name]
        sys.modules.update(kept)


def _needs_torchvision(*_: object, **__: object) -> None:
    raise RuntimeError("this kind of model needs torchvision, which is not installed")
