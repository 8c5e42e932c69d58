"""The model families this process knows, by the name a preset carries.

A family is a module with `setup(place, device) -> model` and `run(model, job, on_step) -> picture`.
It is imported when it is first needed, since that loads torch and diffusers. Not for choosing or
keeping models: that is engine.py.
"""

import importlib
from types import ModuleType

from ..errors import JobError

MODULES = {"sdxl": "sdxl"}


def family(name: str) -> ModuleType:
    """The family's module; raises JobError unknown_family."""
    if name not in MODULES:
        raise JobError("unknown_family", family=name)
    return importlib.import_module(f".{MODULES[name]}", __package__)
