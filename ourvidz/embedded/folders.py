"""Where the embedded servers keep their data and their sockets, and as which account they run. Not
for the site's own files: those are settings (STORAGE_DIR and its like).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ourvidz.embedded.errors import StartFailed, explain

# PostgreSQL refuses to run as root, so root gives it an account that owns nothing else.
ACCOUNT = "ourvidz-db"
ROOT_DATA = Path("/var/lib/ourvidz")
# A socket's path has at most 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_LIMIT = 100


@dataclass(frozen=True)
class Account:
    """The operating system's account that a server runs as."""

    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """Return what subprocess needs to run a command as this account."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def database_account() -> Account:
    """Return the account for PostgreSQL: our own, or as root a separate one, made if missing."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _make_account()
    return Account(entry.pw_uid, entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", "") or error
        raise StartFailed(
            f"PostgreSQL does not run as root, and the account {ACCOUNT} could not be made "
            f"({detail}). Start OurVidz as an ordinary user, or set DATABASE_URL."
        ) from error
    return pwd.getpwnam(ACCOUNT)


def digest(path: Path) -> str:
    """Return a short name for a folder, the same at every start."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]


def open_to_others(path: Path) -> bool:
    """Say whether any account may walk down to `path`: every folder above lets others through."""
    folders = [parent for parent in path.resolve().parents if parent.exists()]
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folders)


def database_folder(data_dir: Path) -> Path:
    """Return where PostgreSQL's files go.

    As root that is outside folders closed to other accounts, such as a home: opening those, as the
    wheel does, would show everybody what else is in them.
    """
    if _account_can_reach(data_dir):
        return data_dir / "postgres"
    return ROOT_DATA / digest(data_dir) / "postgres"


def socket_folder(data_dir: Path, name: str) -> Path:
    """Return the folder for the socket of the server `name`, with a path short enough for one."""
    inside = data_dir / "run" / name
    short = len(os.fsencode(inside)) + len("/.s.PGSQL.5432.lock") <= SOCKET_PATH_LIMIT
    if short and _account_can_reach(data_dir):
        return inside
    return Path("/tmp", f"ourvidz-{os.geteuid()}-{digest(data_dir)}-{name}")


def _account_can_reach(data_dir: Path) -> bool:
    if os.geteuid() != 0:
        return True
    closed = data_dir.exists() and not data_dir.stat().st_mode & stat.S_IXOTH
    return open_to_others(data_dir) and not closed


def programs(folder: Path) -> Path:
    """Return the programs in `folder`, or a copy where the database's account cannot run them."""
    server = folder / "bin" / "postgres"
    if os.geteuid() != 0 or (open_to_others(server) and server.stat().st_mode & stat.S_IXOTH):
        return folder
    copy = ROOT_DATA / f"programs-{digest(folder)}"
    if not copy.exists():
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(folder, fresh, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(fresh)], check=True)
        fresh.rename(copy)
    return copy


def make_private(path: Path, account: Account) -> Path:
    """Make the folder `path`, or take it over, closed to everybody but `account`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, account.uid, account.gid)
        path.chmod(0o700)
    except OSError as error:
        raise explain(error, f"The folder {path}") from error
    return path


def make_socket_folder(path: Path, account: Account) -> Path:
    """Make the folder of a socket, closed to everybody but `account`."""
    if path.parent == Path("/tmp"):
        _refuse_foreign(path, account)
    else:
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    return make_private(path, account)


def _refuse_foreign(folder: Path, account: Account) -> None:
    """Refuse a folder in /tmp that somebody else laid there to listen in on the socket."""
    if not os.path.lexists(folder):
        return
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in (account.uid, os.geteuid()):
        raise StartFailed(f"{folder} belongs to somebody else. Remove it and start again.")
