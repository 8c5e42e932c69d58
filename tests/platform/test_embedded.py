"""The embedded servers of a data folder: closed to others, patient with leftovers, clear when they
cannot start."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client

from ourvidz.embedded import addresses, folders, ports, start
from ourvidz.embedded.errors import StartFailed, explain
from ourvidz.embedded.postgres import Postgres


@pytest.fixture
def folder():
    """A data folder whose path is short and open to the database's account."""
    found = Path(tempfile.mkdtemp(prefix="ourvidz-test-", dir="/tmp"))
    found.chmod(0o711)
    yield found
    shutil.rmtree(found, ignore_errors=True)


def test_the_urls_known_in_advance_reach_the_servers(folder):
    database_url, redis_url = addresses.database_url(folder), addresses.redis(folder)
    with start.servers(folder, database=True, redis=True) as running:
        with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT session_user, current_database()")
            assert cursor.fetchone() == ("ourvidz", "ourvidz")
        with closing(redis_client.Redis.from_url(redis_url)) as client:
            assert client.ping()
        for server in running:
            arguments = Path(f"/proc/{server.process.pid}/cmdline").read_text()
            for secret in (folder / "secrets").iterdir():
                assert secret.read_text() not in arguments, secret.name


def test_a_second_start_finds_what_the_first_one_left(folder):
    client = redis_client.Redis.from_url(addresses.redis(folder))
    for expected in (None, b"kept"):
        with start.servers(folder, database=False, redis=True), closing(client):
            assert client.get("note") == expected
            client.set("note", "kept")


def test_a_killed_server_is_no_obstacle_to_the_next_start(folder):
    first = Postgres(folder)
    first.start()
    leader = first.server.process
    os.kill(leader.pid, signal.SIGKILL)
    leader.wait()
    second = Postgres(folder)
    second.start()
    second.stop()


def test_everybody_needs_a_password_and_only_the_account_gets_near(folder):
    with start.servers(folder, database=True, redis=True):
        sockets = folders.socket_folder(folder, "postgres")
        with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
            psycopg2.connect(host=str(sockets), user="postgres", dbname="postgres")
        redis_socket = str(addresses.redis_socket(folder))
        client = redis_client.Redis(unix_socket_path=redis_socket)
        with closing(client), pytest.raises(redis_client.AuthenticationError):
            client.ping()
        for closed in (sockets, folder / "postgres", folder / "secrets", folder / "redis"):
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700, closed
        for secret in (folder / "secrets").iterdir():
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600, secret
        assert folder.stat().st_mode & 0o777 == 0o711, "a folder above was opened"


def test_a_long_data_folder_gets_a_short_socket_elsewhere(folder):
    long = folder / ("a" * 60) / ("b" * 60)
    sockets = folders.socket_folder(long, "postgres")
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 104
    assert sockets.parent == Path("/tmp")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start as another account")
def test_root_keeps_the_database_out_of_closed_folders(folder):
    home = folder / "home"
    home.mkdir(mode=0o700)
    inside = home / "ourvidz"
    inside.mkdir()
    assert not folders.database_folder(inside).is_relative_to(home)
    assert folders.socket_folder(inside, "postgres").parent == Path("/tmp")
    assert folders.database_folder(folder) == folder / "postgres"


def test_a_socket_folder_of_somebody_else_is_refused(folder):
    account = folders.Account(os.geteuid(), os.getegid())
    planted = Path("/tmp", f"ourvidz-test-planted-{os.getpid()}")
    planted.symlink_to(folder)
    try:
        with pytest.raises(StartFailed, match="belongs to somebody else"):
            folders.make_socket_folder(planted, account)
    finally:
        planted.unlink()


def test_one_data_folder_runs_once(folder):
    with (
        start.only_one(folder),
        pytest.raises(StartFailed, match=f"process {os.getpid()}"),
        start.only_one(folder),
    ):
        pass


def test_another_version_of_the_database_says_so(folder):
    server = Postgres(folder)
    server.folder.mkdir()
    (server.folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartFailed, match="of PostgreSQL 16"):
        server.start()


def test_a_server_that_ends_at_once_shows_its_log(folder):
    server = Postgres(folder, extra_settings={"shared_buffers": "nonsense"})
    with pytest.raises(StartFailed, match=r"did not start(?s:.*)nonsense"):
        server.start()


def test_a_full_disk_is_explained():
    sentence = str(explain(OSError(errno.ENOSPC, "No space left on device"), "The database"))
    assert sentence.startswith("The disk is full: The database could not be written.")


def test_the_next_port_is_taken_when_one_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert not ports.is_free("127.0.0.1", taken)
        assert ports.first_free("127.0.0.1", taken) > taken
