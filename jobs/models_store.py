"""Models on this machine: which there are, fetching, checking and removing them. Used by `manage.py
models`, the operators' page and the API. Not for the hub itself (hub.py), nor for loading a model.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs import hub, models_folder, presets
from jobs.models import Preset
from jobs.models_folder import MANIFEST, Source
from ourvidz import live
from ourvidz.errors import Refused

# Left free on the disk, whatever is fetched.
SPARE_BYTES = 1024**3
BUILT_IN, HERE, PARTLY, FETCHING, ABSENT, MISSING = (
    "built-in",
    "here",
    "partly",
    "fetching",
    "absent",
    "missing",
)


@dataclass(frozen=True)
class Progress:
    """How far a fetch is: bytes that are here, of how many, and the file in hand."""

    done: int
    of: int
    file: str = ""


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class ModelState:
    """A preset's model as operators see it. Sizes in bytes.

    `state`: built-in (part of this program), here, partly (a fetch was interrupted), fetching,
    absent (can be fetched), missing (a folder that is not there).
    """

    preset: Preset
    state: str
    bytes_here: int
    folder: str
    commit: str = ""
    progress: Progress | None = None
    failure: dict[str, Any] = field(default_factory=dict)

    @property
    def can_be_fetched(self) -> bool:
        return self.state in (ABSENT, PARTLY)

    @property
    def can_be_removed(self) -> bool:
        """Only what was fetched is ours to remove."""
        return self.state in (HERE, PARTLY) and models_folder.is_hub_id(self.preset.source)


@dataclass(frozen=True)
class Problem:
    """A file of a model that is not as it was fetched: it is missing, or another."""

    file: str
    is_missing: bool


def model_states(found: Sequence[Preset] | None = None) -> list[ModelState]:
    """Return every preset's model, in the order of the presets."""
    if found is None:
        found = list(Preset.objects.order_by("sort_order", "slug"))
    fetches = live.fetches([preset.slug for preset in found])
    return [_state(preset, fetches.get(preset.slug)) for preset in found]


def model_state(slug: str) -> ModelState:
    """Return one preset's model. Raises Refused('preset_unknown')."""
    return model_states([_preset(slug)])[0]


def note_fetched() -> None:
    """Offer what is here now. Runs as the service."""
    presets.note_installed()


def fetch_for(preset: Preset, *, report: Report | None = None, folder: Path | None = None) -> None:
    """Bring a preset's model to this machine: from the hub, or from a folder.

    What is here already stays; an interrupted fetch goes on where it was. `report` hears how far it
    is, and stops it by raising. Touches no table. Raises Refused.
    """
    sources = [one for one in models_folder.sources_of(preset) if one.on_hub]
    if not sources:
        raise Refused("model_is_folder", folder=str(models_folder.folder_of(preset.source)))
    if folder is not None:
        _copy_folder(sources[0], folder, report or _silent)
        return
    wanted = [one for one in sources if not one.is_here()]
    with contextlib.ExitStack() as held:
        for source in wanted:
            held.enter_context(_alone(source))
        plans = [(source, hub.plan(source)) for source in wanted]
        _check_disk(plans)
        _fetch_all(plans, report or _silent)


def check(preset: Preset, report: Report | None = None) -> list[Problem]:
    """Read every fetched file of a preset again and compare its checksum. Raises Refused."""
    problems: list[Problem] = []
    for source in models_folder.sources_of(preset):
        if not source.on_hub:
            continue
        manifest = models_folder.manifest_of(source.name)
        if not manifest:
            raise Refused("model_absent", model=source.name)
        problems += _wrong_files(source, manifest["files"], report or _silent)
    return problems


def remove(*, slug: str) -> int:
    """Delete what was fetched for a preset; returns the bytes. Raises Refused.

    What it shares with another preset that is switched on goes too, unless it is only a LoRA.
    """
    preset = _preset(slug)
    freed = remove_for(preset, others=Preset.objects.exclude(pk=preset.pk))
    presets.note_installed()
    return freed


def remove_for(preset: Preset, others: Any = ()) -> int:
    """As `remove`, for a preset in hand; the table is not touched."""
    if not models_folder.is_hub_id(preset.source):
        raise Refused("model_is_folder", folder=str(models_folder.folder_of(preset.source)))
    needed = {
        source.name
        for other in others
        if other.is_enabled
        for source in models_folder.sources_of(other)
        if models_folder.is_here(other)
    }
    freed = 0
    for source in models_folder.sources_of(preset):
        if source.on_hub and (source.name not in needed or source.name == preset.source):
            with _alone(source):
                freed += _remove(source.folder) + _remove(models_folder.partial_of(source.name))
    if not freed:
        raise Refused("model_absent", model=preset.source)
    return freed


def _preset(slug: str) -> Preset:
    preset = Preset.objects.filter(slug=slug).first()
    if preset is None:
        raise Refused("preset_unknown", preset=slug)
    return preset


def _state(preset: Preset, fetch: dict[str, Any] | None) -> ModelState:
    folder = models_folder.folder_of(preset.source)
    on_hub = models_folder.is_hub_id(preset.source)
    partial = models_folder.partial_of(preset.source)
    if fetch and fetch["state"] in ("waiting", "running"):
        state = FETCHING
    elif models_folder.is_here(preset):
        state = HERE if on_hub or Path(preset.source).is_absolute() else BUILT_IN
    elif on_hub:
        state = PARTLY if partial.is_dir() else ABSENT
    else:
        state = MISSING
    known = Progress(fetch["done"], fetch["of"], fetch["file"]) if fetch else None
    return ModelState(
        preset=preset,
        state=state,
        bytes_here=models_folder.bytes_in(folder if folder.is_dir() else partial),
        folder=str(folder),
        commit=str(models_folder.manifest_of(preset.source).get("commit", "")) if on_hub else "",
        progress=known if state == FETCHING else None,
        failure=(fetch or {}).get("failure") or {},
    )


def _fetch_all(plans: Sequence[tuple[Source, hub.Plan]], report: Report) -> None:
    total, done = sum(plan.bytes for _source, plan in plans), 0

    for source, plan in plans:
        for file in plan.files:

            def arrived(count: int, path: str = file.path) -> None:
                nonlocal done
                done += count
                report(Progress(done, total, path))

            before = done
            hub.download(plan, file, _folder_for(source), arrived)
            done = before + file.bytes
        _finish(source, plan)
    report(Progress(total, total))


def _folder_for(source: Source) -> Path:
    """A pipeline appears whole, by its folder's name; single files go where they belong."""
    return source.folder if source.files else models_folder.partial_of(source.name)


def _finish(source: Source, plan: hub.Plan) -> None:
    folder = _folder_for(source)
    before = models_folder.manifest_of(source.name) if source.files else {}
    manifest = {
        "source": source.name,
        "revision": source.revision,
        "variant": source.variant,
        "commit": plan.commit,
        "files": before.get("files", {}) | {file.path: _recorded(file) for file in plan.files},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    if folder != source.folder:
        folder.rename(source.folder)


def _recorded(file: hub.HubFile) -> dict[str, Any]:
    return {"bytes": file.bytes, "sha256": file.sha256, "git_sha1": file.git_sha1}


def _wrong_files(source: Source, files: dict[str, Any], report: Report) -> Iterator[Problem]:
    total, done = sum(recorded["bytes"] for recorded in files.values()), 0
    for path, recorded in files.items():
        report(Progress(done, total, path))
        there = source.folder / path
        if not there.is_file():
            yield Problem(path, is_missing=True)
        elif not hub.is_right(there, hub.HubFile(path, **recorded)):
            yield Problem(path, is_missing=False)
        done += recorded["bytes"]
    report(Progress(total, total))


def _check_disk(plans: Sequence[tuple[Source, hub.Plan]]) -> None:
    """Refuse before anything is fetched where the disk cannot take what is still missing."""
    here = sum(
        _bytes_here(_folder_for(source), file) for source, plan in plans for file in plan.files
    )
    check_room(sum(plan.bytes for _source, plan in plans) - here, Path(settings.MODELS_DIR))


def check_room(needed: int, folder: Path) -> None:
    """Refuse where so many bytes do not fit onto a folder's disk, and some to spare. Makes the
    folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if needed + SPARE_BYTES > shutil.disk_usage(folder).free:
        raise hub.too_full(needed, folder)


def _bytes_here(folder: Path, file: hub.HubFile) -> int:
    for path in (folder / file.path, folder / (file.path + hub.PART)):
        if path.is_file():
            return min(path.stat().st_size, file.bytes)
    return 0


def _copy_folder(source: Source, folder: Path, report: Report) -> None:
    """Take a model from a folder: by links where that is possible, else by copies."""
    if not models_folder.has_weights(folder):
        raise Refused("folder_not_a_model", folder=str(folder))
    files = list(models_folder.files_in(folder))
    if pickle := next((path for path in files if hub.is_pickle(path.name)), None):
        raise Refused("weights_unsafe", name=str(pickle.relative_to(folder)))
    with _alone(source):
        partial = models_folder.partial_of(source.name)
        recorded, done = {}, 0
        total = sum(path.stat().st_size for path in files)
        for path in files:
            name = path.relative_to(folder).as_posix()
            recorded[name] = _take(path, partial / name)
            done += recorded[name]["bytes"]
            report(Progress(done, total, name))
        manifest = {"source": source.name, "revision": "", "commit": "", "files": recorded}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))
        _remove(source.folder)
        partial.rename(source.folder)


def _take(path: Path, target: Path) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(path.resolve(), target)
    except OSError:
        shutil.copyfile(path, target)
    sha256 = hub.digest(target, hashlib.sha256())
    return {"bytes": target.stat().st_size, "sha256": sha256, "git_sha1": ""}


def _remove(folder: Path) -> int:
    freed = models_folder.bytes_in(folder) if folder.is_dir() else 0
    shutil.rmtree(folder, ignore_errors=True)
    return freed


@contextlib.contextmanager
def _alone(source: Source) -> Iterator[None]:
    """Keep others from the same model. Raises Refused('fetch_running')."""
    models = Path(settings.MODELS_DIR)
    models.mkdir(parents=True, exist_ok=True)
    lock = models / f".{source.folder.name}.lock"
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused("fetch_running", model=source.name) from error
        yield


def _silent(progress: Progress) -> None:
    """Nobody asked how far it is."""
