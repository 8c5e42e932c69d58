"""Secrets that a fresh installation makes for itself: one file each under `var/secrets`, readable
by its owner only. Not for secrets of a real deployment: those come from the environment.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

LENGTH = 48


def local_secret(data_dir: Path, name: str) -> str:
    """Return the secret called `name`, making it (mode 0600) the first time it is asked for."""
    path = data_dir / "secrets" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # O_EXCL: of two processes that start together only one writes; the other reads below.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "w") as file:
        value = secrets.token_urlsafe(LENGTH)
        file.write(value)
    return value


def _read(path: Path) -> str:
    value = path.read_text().strip()
    if not value:
        raise RuntimeError(f"{path} is empty. Delete it and start again: a new secret is made.")
    return value
