"""Where a preset's weights are: a folder beside this file, a folder anywhere, or the hub.

A folder never touches the network. Not for loading.
"""

from dataclasses import dataclass
from pathlib import Path

from .errors import JobError
from .job import Preset
from .loras import PICKLES, SAFE

HERE = Path(__file__).resolve().parent
MOST_TOLD = 64  # models that the server wants to hear of
OURS = HERE / "starter"
# One of these is in every model's folder: of a pipeline, or of a single network.
WHOLE = ("model_index.json", "model.safetensors")


@dataclass(frozen=True, slots=True)
class Place:
    """What from_pretrained is given: a folder's path, or a hub id with its revision."""

    source: str
    revision: str | None
    folder: Path | None
    variant: str | None = None

    def options(self) -> dict[str, object]:
        """Arguments of from_pretrained that keep a folder offline and refuse pickles."""
        return {
            "revision": self.revision,
            "variant": self.variant,
            "local_files_only": self.folder is not None,
            "use_safetensors": True,
        }


def place(preset: Preset, models: Path) -> Place:
    """Find the preset's source; raises JobError model_missing for a folder that is not there."""
    variant = str(preset.options.get("variant") or "") or None
    folder = HERE / Path(preset.source).expanduser()
    for each in (folder, models / preset.source.replace("/", "--")):
        if any((each / name).is_file() for name in (*WHOLE, str(preset.options.get("file")))):
            return Place(str(each), None, each, variant)
    if folder.is_dir() and has_only_pickles(folder):
        raise JobError("weights_unsafe", name=folder.name)
    if folder.exists() or is_folder(preset.source, folder):
        raise JobError("model_missing", model=folder.name)
    return Place(preset.source, preset.revision or None, None, variant)


def fetched(models: Path) -> list[str]:
    """The hub ids of the models that lie whole in the folder; what is being fetched is not."""
    if not models.is_dir():
        return []
    names = sorted(each.name for each in models.iterdir() if each.is_dir())
    whole = [name for name in names if "--" in name and not name.endswith(".partial")]
    return [name.replace("--", "/", 1) for name in whole][:MOST_TOLD]


def bytes_on_disk(place: Place) -> int:
    """How large the weights of a folder are; 0 where that is not known."""
    files = place.folder.rglob("*.safetensors") if place.folder else ()
    return sum(file.stat().st_size for file in files)


def has_only_pickles(folder: Path) -> bool:
    """True when some part of a folder has weights, and none that can be read safely."""
    found: dict[Path, set[str]] = {}
    for file in folder.rglob("*.*"):
        found.setdefault(file.parent, set()).add(file.suffix)
    return any(kinds & PICKLES and SAFE not in kinds for kinds in found.values())


def is_folder(source: str, folder: Path) -> bool:
    """True for what cannot be a hub id: those are `name` or `owner/name`."""
    path = source.startswith(("/", "~", ".")) or source.count("/") > 1
    return path or folder.is_relative_to(OURS)
