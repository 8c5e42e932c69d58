"""From a preset to a loaded model: which one is resident, and when another takes its place.

One model stays loaded. Not for talking to the server.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from PIL import Image

from . import device, sources
from .errors import JobError, is_out_of_memory
from .families import family, quieten
from .job import Job, Preset
from .progress import Step

log = logging.getLogger(__name__)

# By name, since the hub's own package is loaded with the families only.
HUB_ERRORS = {
    "EntryNotFoundError",
    "GatedRepoError",
    "LocalEntryNotFoundError",
    "OfflineModeIsEnabled",
    "RepositoryNotFoundError",
    "RevisionNotFoundError",
    "TransportError",
}


class Engine:
    """Owns the device. All of it runs on the thread that takes jobs."""

    def __init__(self, on: device.Device, threads: int) -> None:
        self.device, self.threads = on, threads
        self.prepared = False
        self.resident: tuple[str, sources.Place] | None = None
        self.model: Any = None

    def warm_up(self) -> None:
        """Import torch and the families while no job waits; touches no device."""
        self.prepare()
        family("sdxl")

    def prepare(self) -> None:
        """Set torch up, once."""
        if not self.prepared:
            device.prepare(self.device, self.threads)
            quieten()
            self.prepared = True

    def load(self, preset: Preset) -> float:
        """Make the preset's model the resident one; the seconds it took; raises JobError."""
        began = time.monotonic()
        wanted = (preset.family, sources.place(preset))
        code = family(preset.family)
        if wanted != self.resident:
            self.drop()
            self.prepare()
            self.model = loaded(lambda: code.setup(wanted[1], self.device), preset)
            self.resident = wanted
            log.info("Loaded %s in %.1f s", preset.slug, time.monotonic() - began)
        return time.monotonic() - began

    def run(self, job: Job, on_step: Callable[[Step], None]) -> Image.Image:
        """Make the job with the resident model; out of memory, everything is given back."""
        try:
            return family(job.preset.family).run(self.model, job, on_step)
        except Exception as error:
            if is_out_of_memory(error):
                self.drop()
            raise

    def drop(self) -> None:
        """Forget the resident model and free its memory."""
        if self.resident:
            self.resident = self.model = None
            device.release()


def loaded(setup: Callable[[], Any], preset: Preset) -> Any:
    """Run a family's setup; what is missing or broken in the weights becomes a JobError."""
    try:
        return setup()
    except Exception as error:
        if is_out_of_memory(error):
            raise JobError("out_of_memory", retryable=True) from error
        code = "model_missing" if is_missing(error) else "model_broken"
        log.warning("%s could not be loaded (%s): %s", preset.slug, code, error)
        name = preset.source.rstrip("/").rpartition("/")[2]
        raise JobError(code, model=name) from error


def is_missing(error: BaseException | None) -> bool:
    """True when the hub lacks the model, will not give it, or cannot be reached."""
    while error:
        if isinstance(error, (FileNotFoundError, ConnectionError)):
            return True
        if {kind.__name__ for kind in type(error).__mro__} & HUB_ERRORS:
            return True
        error = error.__cause__ or error.__context__
    return False
