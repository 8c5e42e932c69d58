"""Where a preset's weights are: a folder beside this file, a folder anywhere, or the hub.

A folder never touches the network. Not for loading.
"""

from dataclasses import dataclass
from pathlib import Path

from .errors import JobError
from .job import Preset

HERE = Path(__file__).resolve().parent
OURS = HERE / "starter"


@dataclass(frozen=True, slots=True)
class Place:
    """What from_pretrained is given: a folder's path, or a hub id with its revision."""

    source: str
    revision: str | None
    folder: Path | None

    def options(self) -> dict[str, object]:
        """Arguments of from_pretrained that keep a folder offline and refuse pickles."""
        return {
            "revision": self.revision,
            "local_files_only": self.folder is not None,
            "use_safetensors": True,
        }


def place(preset: Preset) -> Place:
    """Find the preset's source; raises JobError model_missing for a folder that is not there."""
    folder = HERE / Path(preset.source).expanduser()
    if (folder / "model_index.json").is_file():
        return Place(str(folder), None, folder)
    if folder.exists() or is_folder(preset.source, folder):
        raise JobError("model_missing", model=folder.name)
    return Place(preset.source, preset.revision or None, None)


def is_folder(source: str, folder: Path) -> bool:
    """True for what cannot be a hub id: those are `name` or `owner/name`."""
    path = source.startswith(("/", "~", ".")) or source.count("/") > 1
    return path or folder.is_relative_to(OURS)
