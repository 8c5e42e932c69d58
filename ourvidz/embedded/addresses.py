"""The urls of the embedded servers, the same before they have started as after: the settings read
them as their defaults. Not for starting anything.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from ourvidz.embedded.folders import socket_folder
from ourvidz.secrets import local_secret

OWNER = "ourvidz"
DATABASE = "ourvidz"
OWNER_SECRET = "postgres"
ADMIN_SECRET = "postgres_admin"
BACKUP_SECRET = "postgres_backup"


def postgres(*, user: str, password: str, host: Path, database: str) -> str:
    """Return a database url for a server that listens in the folder `host`."""
    # The folder goes into the query: Django's readers of such urls do not decode one in the host.
    return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={quote(str(host))}"


def database_url(data_dir: Path) -> str:
    """Return the url by which the site uses the embedded PostgreSQL of `data_dir`."""
    password = local_secret(data_dir, OWNER_SECRET)
    host = socket_folder(data_dir, "postgres")
    return postgres(user=OWNER, password=password, host=host, database=DATABASE)


def redis(data_dir: Path, database: int = 0) -> str:
    """Return the url of one of the sixteen databases of the embedded Redis of `data_dir`."""
    password = quote(redis_password(data_dir), safe="")
    return f"unix://:{password}@{redis_socket(data_dir)}?db={database}"


def redis_socket(data_dir: Path) -> Path:
    """Return the path of the embedded Redis's socket."""
    return socket_folder(data_dir, "redis") / "redis.sock"


def redis_password(data_dir: Path) -> str:
    """Return the embedded Redis's password, made when it is first asked for."""
    return local_secret(data_dir, "redis")
