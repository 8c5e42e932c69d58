"""The model families this process knows, by the name a preset carries.

A family is a module with `setup(place, device, options) -> model` and
`run(model, job, given, on_step) -> Undecoded`: what is left is to make a picture or a clip of its
latents; a family without latents answers with those themselves. A model has `modules()`, its
networks by name, and `shrink(device, step)`, which makes it need less memory or answers False. A
family that can make several jobs at once has `batch(job)`, equal for those that can go together,
and `run_many(model, jobs, loras, on_steps)`, from words alone. A family is imported
when it is first needed, since that loads torch and diffusers. Not for choosing or keeping models:
that is engine.py.
"""

import importlib
from types import ModuleType

from ..errors import JobError

MODULES = {name: name for name in ("sd", "sdxl", "flux2", "zimage", "wan", "upscale")}


def family(name: str) -> ModuleType:
    """The family's module; raises JobError family_unknown."""
    if name not in MODULES:
        raise JobError("family_unknown", family=name)
    return importlib.import_module(f".{MODULES[name]}", __package__)


def quieten() -> None:
    """Keep the progress bars and remarks of the libraries out of our log; errors are exceptions."""
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
