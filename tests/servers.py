"""One PostgreSQL and one Redis for a test run, however many processes it has, and the environment
in which the settings are read. Not for fixtures: those are in tests/fixtures.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg2

from ourvidz.embedded import addresses, roles
from ourvidz.embedded.postgres import FAST_AND_UNSAFE, Postgres
from ourvidz.embedded.redis import Redis

VARIABLE = "OURVIDZ_TEST_SERVERS"
OWNER_PASSWORD = "the owner in a test"
# Variables of the person who runs the tests that would change what is tested.
UNWANTED = ("S3_ENDPOINT_URL", "S3_BUCKET", "BROKER_URL", "OURVIDZ_BROKER_URL")


@dataclass(frozen=True)
class Servers:
    """Where the run's servers are. Handed from the first process to the others as JSON."""

    folder: str
    admin_url: str
    sockets: str
    redis_urls: list[str]

    def owner_url(self, database: str) -> str:
        """Return the url by which tests connect: the site's own role, no superuser."""
        return addresses.postgres(
            user=roles.OWNER, password=OWNER_PASSWORD, host=Path(self.sockets), database=database
        )


def start_or_join(*, durable: bool = False) -> Servers:
    """Start the servers, or in a parallel process find those that the first one started.

    `durable` is for benchmarks: PostgreSQL then writes as carefully as for real use.
    """
    if found := os.environ.get(VARIABLE):
        return Servers(**json.loads(found))
    # Not the configured temporary folder: the path of a socket may have only about 100 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ourvidz-test-", dir="/tmp"))
    folder.chmod(0o711)
    postgres = Postgres(folder, extra_settings={} if durable else FAST_AND_UNSAFE)
    redis = Redis(folder, persistent=False)
    atexit.register(_stop, postgres, redis, folder)
    postgres.start()
    redis.start()
    roles.bootstrap(
        postgres.admin_url(), database="ourvidz", passwords=roles.Passwords(OWNER_PASSWORD)
    )
    _let_no_lock_wait(postgres.admin_url())
    servers = Servers(
        folder=str(folder),
        admin_url=postgres.admin_url(),
        sockets=str(postgres.sockets),
        redis_urls=[redis.url(number) for number in range(16)],
    )
    os.environ[VARIABLE] = json.dumps(asdict(servers))
    return servers


def process_name() -> str:
    """Return this process's name: gw0, gw1 … in a parallel run, else main."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def set_environment(servers: Servers) -> None:
    """Set what the settings read: each process has a database, a Redis and files of its own."""
    name = process_name()
    number = int(name[2:]) + 1 if name.startswith("gw") else 0
    os.environ.update(
        # Empty rather than missing: the person's .env file must not fill them in.
        dict.fromkeys(UNWANTED, ""),
        DJANGO_SETTINGS_MODULE="ourvidz.settings",
        DATABASE_URL=servers.owner_url(f"test_{name}"),
        DATABASE_POOL="0",
        REDIS_URL=servers.redis_urls[number % 16],
        OURVIDZ_NAMESPACE=f"test_{name}",
        OURVIDZ_DATA_DIR=str(Path(servers.folder) / name),
        OURVIDZ_URL=f"http://127.0.0.1:{free_port()}",
        OURVIDZ_DEBUG="0",
        SECRET_KEY="a secret for tests and nothing else, long enough for every use of it",
        HF_HUB_OFFLINE="1",
        # Tests ask faster than people do; the tests of the limits set their own.
        **{f"THROTTLE_{kind}": "1000000/min" for kind in ("READ", "WRITE", "GENERATE", "UPLOAD")},
    )
    (Path(servers.folder) / name / "static").mkdir(parents=True, exist_ok=True)
    if name != "main":
        os.environ["OMP_NUM_THREADS"] = "1"


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _let_no_lock_wait(admin_url: str) -> None:
    connection = psycopg2.connect(admin_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {roles.OWNER} SET lock_timeout = '5s'")
    connection.close()


def _stop(postgres: Postgres, redis: Redis, folder: Path) -> None:
    redis.stop()
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)
