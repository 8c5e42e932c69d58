"""The model hub over HTTP: what a repository holds, which of it a pipeline needs, and one file's
download, which goes on where it was interrupted. Not for where files lie: see models_store.py.

`huggingface_hub` asks and signs; its own downloads begin anew when a process ends in between, so
files are fetched here by its `http_get`, into a part that the next try continues.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from shutil import disk_usage
from typing import Any

import httpx2
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from jobs.models_folder import Source
from ourvidz.errors import Refused

INDEX = "model_index.json"
WEIGHTS = ".safetensors"
# Formats that may run code when they are read.
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".msgpack")
# Beside weights: configurations, words and tokenizers.
PLAIN = (".json", ".txt", ".model", ".jinja")
PART = ".part"
CHUNK = 1024 * 1024
SECONDS = 20.0


@dataclass(frozen=True)
class HubFile:
    """One file of a repository. Of large files the hub knows the sha256, of others git's own."""

    path: str
    bytes: int
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True)
class Plan:
    """What of a repository is fetched, at which commit."""

    source: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def plan(source: Source) -> Plan:
    """Ask the hub what a source's pipeline needs. Raises Refused."""
    commit, there = _listing(source)
    if source.files:
        chosen = _named(source, there)
    else:
        components = _components(source, commit, there)
        chosen = list(_of_pipeline(there, components, source.variant))
    _check_weights(source, there, chosen)
    return Plan(source.name, commit, tuple(chosen))


def plan_lora(source: Source) -> Plan:
    """Ask the hub for a LoRA's file: the one that is named, or the only one. Raises Refused."""
    commit, there = _listing(source)
    weights = [file.path for file in there if file.path.endswith(WEIGHTS)]
    if not source.files and len(weights) > 1:
        raise Refused("lora_several", model=source.name, choices=", ".join(sorted(weights)))
    chosen = _named(replace(source, files=source.files or tuple(weights)), there)
    _check_weights(source, there, chosen or there)
    return Plan(source.name, commit, tuple(chosen))


def download(plan: Plan, file: HubFile, folder: Path, report: Callable[[int], None]) -> Path:
    """Bring one file into a folder, or what is still missing of it; `report` hears of new bytes.

    What `report` raises stops it; the part that is here stays for the next time. Raises Refused,
    also where what arrived is not what the hub has.
    """
    target = folder / file.path
    # By its checksum: after a change of revision, another file may have the same size.
    if target.is_file() and is_right(target, file):
        report(file.bytes)
        return target
    part = target.with_name(target.name + PART)
    part.parent.mkdir(parents=True, exist_ok=True)
    with _refusals(Source(plan.source, plan.commit)), _room(folder, file):
        _continue(plan, file, part, report)
    if not is_right(part, file):
        part.unlink()
        raise Refused("model_checksum", model=plan.source, file=file.path)
    return part.rename(target)


def is_right(path: Path, file: HubFile) -> bool:
    """Return whether a file is what the hub has, by its checksum."""
    if path.stat().st_size != file.bytes:
        return False
    if file.sha256:
        return digest(path, hashlib.sha256()) == file.sha256
    if not file.git_sha1:
        return True
    header = f"blob {file.bytes}\0".encode()
    return digest(path, hashlib.sha1(header, usedforsecurity=False)) == file.git_sha1


def digest(path: Path, hasher: Any) -> str:
    """Return the hexadecimal digest of a file."""
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            hasher.update(chunk)
    return str(hasher.hexdigest())


def is_pickle(path: str) -> bool:
    """Return whether a file's format may run code when it is read."""
    return path.lower().endswith(PICKLES)


def _continue(plan: Plan, file: HubFile, part: Path, report: Callable[[int], None]) -> None:
    url = hf_hub_url(plan.source, file.path, revision=plan.commit, endpoint=settings.HF_ENDPOINT)
    headers = build_hf_headers(token=settings.HF_TOKEN or False)
    # Compressed on its way, a part of a file could not be continued.
    headers["Accept-Encoding"] = "identity"
    with part.open("ab") as content:
        have = content.tell()
        if have > file.bytes:
            content.truncate(0)
            have = 0
        report(have)
        if have < file.bytes:
            http_get(
                url,
                content,
                resume_size=have,
                headers=headers,
                expected_size=file.bytes,
                tqdm_class=_bar(report),  # type: ignore[arg-type]
            )


def _bar(report: Callable[[int], None]) -> type:
    """Return what `http_get` takes for a progress bar: it hands on each piece's size."""

    class Reporting:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            pass

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *args: object) -> None:
            pass

        def update(self, count: int) -> None:
            report(count)

    return Reporting


def _hub_file(sibling: Any) -> HubFile:
    lfs = sibling.lfs
    if lfs is not None:
        return HubFile(sibling.rfilename, int(lfs.size), sha256=str(lfs.sha256))
    return HubFile(sibling.rfilename, int(sibling.size or 0), git_sha1=str(sibling.blob_id or ""))


def _listing(source: Source) -> tuple[str, list[HubFile]]:
    """Return the commit of a source's revision, and its files."""
    with _refusals(source):
        api = HfApi(endpoint=settings.HF_ENDPOINT, token=settings.HF_TOKEN or False)
        info = api.model_info(
            source.name, revision=source.revision or "main", files_metadata=True, timeout=SECONDS
        )
    return str(info.sha), [_hub_file(sibling) for sibling in info.siblings or []]


def _named(source: Source, there: Iterable[HubFile]) -> list[HubFile]:
    """Return the files that a source names. Raises Refused where one is missing."""
    chosen = [file for file in there if file.path in source.files]
    missing = set(source.files) - {file.path for file in chosen}
    if missing:
        raise Refused("hub_file_missing", model=source.name, file=min(missing))
    return chosen


def _components(source: Source, commit: str, there: Iterable[HubFile]) -> set[str]:
    """Return the folders that the pipeline's index names."""
    if INDEX not in {file.path for file in there}:
        raise Refused("hub_not_a_pipeline", model=source.name)
    url = hf_hub_url(source.name, INDEX, revision=commit, endpoint=settings.HF_ENDPOINT)
    with _refusals(source):
        headers = build_hf_headers(token=settings.HF_TOKEN or False)
        answer = httpx2.get(url, headers=headers, follow_redirects=True, timeout=SECONDS)
        hf_raise_for_status(answer)
        index = json.loads(answer.content)
    named = {name: kind for name, kind in index.items() if isinstance(kind, list)}
    return {name for name, kind in named.items() if any(kind)}


def _of_pipeline(there: Iterable[HubFile], components: set[str], variant: str) -> Iterator[HubFile]:
    """Yield the index, and of each component its settings and one set of weights."""
    by_folder: dict[str, list[HubFile]] = {}
    for file in there:
        by_folder.setdefault(str(PurePosixPath(file.path).parent), []).append(file)
    for file in by_folder.get(".", []):
        if file.path == INDEX or file.path.upper().startswith(("LICENSE", "README")):
            yield file
    for component in sorted(components):
        files = by_folder.get(component, [])
        mark = f".{variant}." if variant and any(_is_of(file, variant) for file in files) else ""
        for file in files:
            weights = file.path.endswith((WEIGHTS, f"{WEIGHTS}.index.json"))
            wanted = _is_of(file, mark.strip(".")) if weights else file.path.endswith(PLAIN)
            if wanted:
                yield file


def _is_of(file: HubFile, variant: str) -> bool:
    """Return whether weights are of that variant; "" means the plain ones."""
    name = PurePosixPath(file.path).name.split(WEIGHTS)[0]
    own = name.partition("-00")[0].partition(".")[2].partition(".index")[0]
    return own == variant


def _check_weights(source: Source, there: Iterable[HubFile], chosen: Iterable[HubFile]) -> None:
    """Refuse a model of which a part comes as a pickle only."""
    safe = {PurePosixPath(file.path).parent for file in chosen if file.path.endswith(WEIGHTS)}
    if any(is_pickle(file.path) for file in chosen):
        raise Refused("weights_unsafe", name=source.name)
    folders = {PurePosixPath(file.path).parent for file in chosen}
    for file in there:
        folder = PurePosixPath(file.path).parent
        if is_pickle(file.path) and folder in folders - safe and folder != PurePosixPath("."):
            raise Refused("weights_unsafe", name=f"{source.name}/{file.path}")
    if not safe:
        raise Refused("hub_no_weights", model=source.name)


@contextmanager
def _room(folder: Path, file: HubFile) -> Iterator[None]:
    """Say that the disk is full, where somebody else filled it meanwhile."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise too_full(file.bytes, folder) from error


def too_full(needed: int, folder: Path) -> Refused:
    """The refusal of so many bytes for a folder whose disk has too few."""
    told = {"needed": needed, "free": disk_usage(folder).free}
    sizes = {name: filesizeformat(size) for name, size in told.items()}
    return Refused("disk_too_full", folder=str(folder), **sizes)


@contextmanager
def _refusals(source: Source) -> Iterator[None]:
    """Say what the hub's errors mean, and what to do."""
    page = f"{settings.HF_ENDPOINT}/{source.name}"
    try:
        yield
    except GatedRepoError as error:
        code = "hub_gated_refused" if settings.HF_TOKEN else "hub_gated"
        raise Refused(code, model=source.name, page=page) from error
    except RevisionNotFoundError as error:
        raise Refused("hub_revision", model=source.name, revision=source.revision) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise Refused("hub_missing", model=source.name) from error
    except EntryNotFoundError as error:
        raise Refused("hub_file_missing", model=source.name, file="") from error
    except OfflineModeIsEnabled as error:
        raise Refused("hub_offline") from error
    except (HfHubHTTPError, httpx2.HTTPError, json.JSONDecodeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Refused("hub_unreachable", hub=settings.HF_ENDPOINT, reason=reason) from error
