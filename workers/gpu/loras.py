"""Where a job's LoRAs are: files in the operator's folders, or on the hub. Only safetensors, since
a pickle may run anything; nothing outside those folders. Not for loading them into a model.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from .config import Places
from .errors import JobError
from .job import Job, bad_parameter

MOST, STRONGEST = 8, 2.0
MOST_TOLD, LONGEST_TOLD = 200, 300  # that the server wants to hear of, and their letters
SAFE = ".safetensors"
PICKLES = {".bin", ".ckpt", ".pkl", ".pt", ".pth"}


@dataclass(frozen=True, slots=True)
class Lora:
    """One file, and how strongly it is applied (-2 to 2)."""

    name: str
    file: str
    weight: float


def find(job: Job, places: Places) -> tuple[Lora, ...]:
    """The preset's own LoRAs and then the person's; raises JobError lora_missing, weights_unsafe
    or bad_parameters."""
    wanted = job.parameters.get("loras") or []
    if not isinstance(wanted, list) or len(wanted) > MOST:
        raise bad_parameter("loras", wanted)
    own = job.preset.options.get("loras") or []
    found = [lora(each, places, Choice.read(each)) for each in own]
    return (*found, *(lora(each, places) for each in wanted))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which file of a source, at which revision; empty: whatever there is."""

    name: str = ""
    revision: str = ""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From a preset's {file, revision}."""
        return cls(str(data.get("file") or ""), str(data.get("revision") or ""))


ANY = Choice()


def here(places: Places) -> list[str]:
    """The LoRAs in the operator's folder, as a request names them. One whose name cannot be told
    stays untold: for it, the server would refuse the worker."""
    root = places.loras.resolve()
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(f"**/*{SAFE}"))
    told = [name for name in found if name.isprintable() and len(name) <= LONGEST_TOLD]
    return told[:MOST_TOLD]


def lora(wanted: Any, places: Places, choice: Choice = ANY) -> Lora:
    """One LoRA of {source, weight}, or the chosen file in its source."""
    given = wanted if isinstance(wanted, dict) else {}
    source, weight = given.get("source"), given.get("weight", 1.0)
    number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not source or not isinstance(source, str) or not number or not abs(weight) <= STRONGEST:
        raise bad_parameter("loras", wanted)
    return Lora(source, str(file_of(source, places, choice)), float(weight))


def file_of(source: str, places: Places, choice: Choice) -> Path:
    """The safetensors file of a source: a path inside our folders, else a preset's hub id."""
    fetched = source.replace("/", "--") if source.count("/") == 1 else ""
    for root, inside in ((places.loras.resolve(), source), (places.models.resolve(), fetched)):
        path = Path(os.path.normpath(root / inside))
        if inside and path != root and path.is_relative_to(root) and path.exists():
            whole = path.is_file() and safe(path.name, source)
            return path if whole else only(path, source, choice.name)
    # Only what a preset needs is fetched: a person names what operators have put here.
    on_hub = not source.startswith((".", "/", "~")) and source.count("/") == 1
    if choice == ANY or not on_hub:
        raise JobError("lora_missing", name=source)
    return from_hub(source, choice)


def only(folder: Path, source: str, name: str) -> Path:
    """The weights in a folder: those of that name, or the first."""
    names = sorted(each.name for each in folder.iterdir())
    return folder / only_name([each for each in names if not name or each == name], source)


def from_hub(source: str, choice: Choice) -> Path:
    """The weights in a repository of the hub, fetched when they are not here yet."""
    import huggingface_hub

    try:
        folder = huggingface_hub.snapshot_download(
            source, revision=choice.revision or None, allow_patterns=choice.name or f"*{SAFE}"
        )
        return only(Path(folder), source, choice.name)
    except JobError:
        raise
    except Exception as error:  # of the hub, the network or the disk
        raise JobError("lora_missing", name=source) from error


def only_name(names: list[str], source: str) -> str:
    """Which of the files to take; raises JobError where there is none that is safe."""
    good = [name for name in names if name.endswith(SAFE)]
    if good:
        return good[0]
    if any(Path(name).suffix in PICKLES for name in names):
        raise JobError("weights_unsafe", name=source)
    raise JobError("lora_missing", name=source)


def safe(name: str, source: str) -> bool:
    """True for safetensors; raises JobError weights_unsafe for anything else."""
    if not name.endswith(SAFE):
        raise JobError("weights_unsafe", name=source)
    return True
