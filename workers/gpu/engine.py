"""From a preset to a loaded model: which ones stay in memory, which make room for another, and what
is tried when memory runs out all the same. Not for talking to the server.
"""

import itertools
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import device, sources
from .decoding import Decoding, Result, Undecoded, may_overlap, own_stream
from .errors import JobError, is_out_of_memory
from .families import family, quieten
from .job import Job, Preset
from .loras import Lora
from .progress import Step
from .references import Given

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
# The options that a loaded model is bound to; the others are read with each job.
OF_LOADING = {
    "attention",
    "channels_last",
    "compile",
    "dtype",
    "file",
    "first_block_cache",
    "offload",
    "recorded",
    "vae_tiling",
    "variant",
    "weights",
}
# What pays: a processor gains little beyond this, and nobody should wait long for a first picture.
AT_ONCE = {"cuda": 8, "cpu": 4}
LIGHT = 512 * 1024 * 1024  # bytes of a model that leaves a processor idle when alone
Key = tuple[str, sources.Place, str]


@dataclass(frozen=True, slots=True)
class Resident:
    """A loaded model and the bytes it was measured to take on the device."""

    model: Any
    size: int


class Engine:
    """Owns the device. All of it runs on the thread that takes jobs, but for `decoded`."""

    def __init__(self, on: device.Device, threads: int, models: Path) -> None:
        self.device, self.threads, self.models = on, threads, models
        self.prepared = False
        # The one used last is at the end.
        self.residents: OrderedDict[Key, Resident] = OrderedDict()
        self.sizes: dict[Key, int] = {}
        # Held while jobs are denoised, and by a decoding that found no memory beside it.
        self.turn = threading.RLock()
        self.decoding = Decoding(self, beside=may_overlap(on))

    @property
    def at_once(self) -> int:
        """How many jobs for the model used last pay to be made in one batch."""
        last = next(reversed(list(self.residents)), None)
        if last is None or not hasattr(family(last[0]), "run_many"):
            return 1
        heavy = self.device.kind != "cuda" and self.residents[last].size > LIGHT
        return 1 if heavy else AT_ONCE.get(self.device.kind, 1)

    def warm_up(self) -> None:
        """Import torch and the families while no job waits; touches no device."""
        self.prepare()
        family("sdxl")

    def prepare(self) -> None:
        """Set torch up, once."""
        if not self.prepared:
            device.keep_compiled(self.models)
            device.prepare(self.device, self.threads)
            quieten()
            self.prepared = True

    def load(self, preset: Preset) -> float:
        """Have the preset's model in memory; the seconds it took; raises JobError."""
        began = time.monotonic()
        self.resident(preset)
        return time.monotonic() - began

    def resident(self, preset: Preset) -> Resident:
        """The preset's model, loaded where it is not: once nothing is decoded by another."""
        wanted = self.key(preset)
        family(preset.family)
        if wanted not in self.residents:
            self.decoding.wait()
        with self.turn:
            if wanted not in self.residents:
                self.prepare()
                self.residents[wanted] = self.loaded(wanted, preset)
            self.residents.move_to_end(wanted)
            return self.residents[wanted]

    def key(self, preset: Preset) -> Key:
        """What makes two presets share a loaded model; raises JobError model_missing."""
        chosen = {name: value for name, value in preset.options.items() if name in OF_LOADING}
        place = sources.place(preset, self.models)
        return preset.family, place, json.dumps(chosen, sort_keys=True)

    def loaded(self, wanted: Key, preset: Preset) -> Resident:
        """Load a model where there is room; when there is not, where there is nothing else."""
        began = time.monotonic()
        self.make_room(self.sizes.get(wanted) or sources.bytes_on_disk(wanted[1]))
        before = device.allocated(self.device)
        try:
            model = ready(wanted, preset, self.device)
        except JobError as error:
            if error.code != "out_of_memory" or not self.residents:
                raise
            self.drop()
            model = ready(wanted, preset, self.device)
        size = device.allocated(self.device) - before or weight_of(model)
        self.sizes[wanted] = size
        log.info("Loaded %s in %.1f s", preset.slug, time.monotonic() - began)
        return Resident(model, size)

    def make_room(self, size: int) -> None:
        """Let the models go that were not used for longest, until this many bytes fit in."""
        room = device.budget(self.device) - size
        while self.residents and sum(each.size for each in self.residents.values()) > room:
            self.residents.popitem(last=False)
            device.release()

    def run(self, job: Job, given: Given, on_step: Callable[[Step], None]) -> Undecoded | Result:
        """Denoise the job with its loaded model, with as little at once as memory takes."""
        make = family(job.preset.family).run
        if given.images or given.video:
            # They are encoded by what decodes.
            self.decoding.wait()
        model = self.resident(job.preset).model
        return self.careful(job, model, lambda: make(model, job, given, on_step))

    def run_many(
        self, jobs: list[Job], loras: tuple[Lora, ...], on_steps: list[Callable[[Step], None]]
    ) -> Sequence[Undecoded | Result]:
        """Denoise jobs of one batch with their loaded model; out of memory, in halves."""
        make = family(jobs[0].preset.family).run_many
        model = self.resident(jobs[0].preset).model
        try:
            return self.computed(lambda: make(model, jobs, loras, on_steps))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        device.release()
        if len(jobs) == 1:
            return self.careful(jobs[0], model, lambda: make(model, jobs, loras, on_steps))
        if self.decoding.wait():
            return self.run_many(jobs, loras, on_steps)
        half = len(jobs) // 2
        log.warning("Out of memory: %d jobs are made in two parts", len(jobs))
        first = self.run_many(jobs[:half], loras, on_steps[:half])
        return [*first, *self.run_many(jobs[half:], loras, on_steps[half:])]

    def decoded(self, job: Job, made: Undecoded | Result) -> Result:
        """The job's picture or clip, on whichever thread; what finds no memory beside the job that
        is being denoised is tried again alone, with less and less at once."""
        if not isinstance(made, Undecoded):
            return made
        if not made.model.waits():
            try:
                with own_stream(self.device):
                    return made.decode()
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            device.release()
            log.warning("Job %s: out of memory while decoding, tried again alone", job.id)
        with self.turn:
            return self.careful(job, made.model, made.decode, alone=True)

    def careful(self, job: Job, model: Any, make: Callable[[], Any], alone: bool = False) -> Any:
        """Call `make`, which computes with the model, with less and less at once while memory runs
        out; what does not fit even so is raised, with everything given back."""
        problem: Exception = MemoryError()
        for _ in self.remedies(model, alone):
            try:
                return self.computed(make)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                # The traceback holds what was being computed.
                problem = error.with_traceback(None)
            device.release()
            log.warning("Job %s: out of memory", job.id)
        self.drop()
        raise problem

    def remedies(self, model: Any, alone: bool) -> Iterator[None]:
        """Comes once as things are, then whenever there is less in memory than before: what is
        decoded beside (unless we are `alone`), other models, what the model itself can spare."""
        yield
        if not alone and self.decoding.wait():
            yield
        if self.spared(model):
            yield
        steps = itertools.count()
        while model.shrink(self.device, next(steps)):
            yield

    def computed(self, make: Callable[[], Any]) -> Any:
        """What `make` computes, while no other thread needs the device for itself; all of it is
        there when this returns, on a GPU too."""
        with self.turn:
            made = make()
            device.finish(self.device)
            return made

    def spared(self, model: Any) -> bool:
        """Let all other models go; False when there were none."""
        others = [each for each, known in self.residents.items() if known.model is not model]
        for each in others:
            del self.residents[each]
        device.release()
        return bool(others)

    def drop(self) -> None:
        """Forget all models and free their memory."""
        self.residents.clear()
        device.release()


def weight_of(model: Any) -> int:
    """Bytes of a model's weights."""
    return sum(
        tensor.numel() * tensor.element_size()
        for module in model.modules().values()
        for tensor in module.parameters()
    )


def ready(wanted: Key, preset: Preset, on: device.Device) -> Any:
    """Run a family's setup; what is missing or broken in the weights becomes a JobError."""
    try:
        return family(preset.family).setup(wanted[1], on, preset.options)
    except JobError:
        raise
    except Exception as error:
        problem = refused(error, wanted[1], preset)
        log.warning("%s could not be loaded (%s): %s", preset.slug, problem.code, error)
        raise problem from error


def refused(error: Exception, place: sources.Place, preset: Preset) -> JobError:
    """The job's failure for whatever loading raised."""
    if is_out_of_memory(error):
        device.release()
        return JobError("out_of_memory", retryable=True)
    name = preset.source.rstrip("/").rpartition("/")[2]
    if place.folder and sources.has_only_pickles(place.folder):
        return JobError("weights_unsafe", name=name)
    return JobError("model_missing" if is_missing(error) else "model_broken", model=name)


def is_missing(error: BaseException | None) -> bool:
    """True when the hub lacks the model, will not give it, or cannot be reached."""
    while error:
        if isinstance(error, (FileNotFoundError, ConnectionError)):
            return True
        if {kind.__name__ for kind in type(error).__mro__} & HUB_ERRORS:
            return True
        error = error.__cause__ or error.__context__
    return False
