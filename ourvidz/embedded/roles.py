"""The database roles and grants that row-level security stands on, made by an administrator of the
server, again and again without harm. Not for tables and policies: those belong to migrations, which
never make roles, since roles are shared by all databases of a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn, parse_dsn

from ourvidz.embedded.addresses import OWNER

USER_GROUP = "ourvidz_user"
SERVICE_GROUP = "ourvidz_service"
BACKUP = "ourvidz_backup"
OLDEST_SERVER = 160000

# What a role can be, by the catalogue's column. None of ours may be any of these but as said below.
RIGHTS = {
    "rolsuper": "SUPERUSER",
    "rolbypassrls": "BYPASSRLS",
    "rolcreatedb": "CREATEDB",
    "rolcreaterole": "CREATEROLE",
    "rolreplication": "REPLICATION",
    "rolcanlogin": "LOGIN",
    "rolinherit": "INHERIT",
}
# The owner may step into a group (SET ROLE) but holds none of its rights before it does.
STEP_IN = "GRANT {group} TO {owner} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE"
SCHEMA_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {user}, {service}, {backup}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {service}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO {service}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {backup}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO {backup}",
)


class BootstrapFailed(Exception):
    """The roles cannot be made. Its text is shown to a person as it is."""


@dataclass(frozen=True)
class Passwords:
    """Passwords of the two roles that log in. Without one, the backup role cannot log in."""

    owner: str
    backup: str = ""


def bootstrap(admin_url: str, *, database: str, passwords: Passwords) -> list[str]:
    """Make roles, database and grants, whatever of them is missing.

    Returns sentences about what this administrator was not allowed to do. Raises BootstrapFailed.
    """
    with _connected(admin_url) as connection:
        _check_version(connection)
        _ensure_role(connection, OWNER, {"LOGIN"})
        _set_password(connection, OWNER, passwords.owner)
        for group in (USER_GROUP, SERVICE_GROUP):
            _ensure_role(connection, group, set())
            _run(connection, STEP_IN, group=group, owner=OWNER)
        notes = _backup_role(connection, passwords.backup)
        _ensure_database(connection, database)
    grant_on_schema(owner_url(admin_url, database, passwords.owner))
    return notes


def grant_on_schema(url: str) -> None:
    """Set the schema's grants and the defaults for tables to come, as the owner of the database."""
    with _connected(url) as connection:
        for statement in SCHEMA_GRANTS:
            _run(connection, statement, user=USER_GROUP, service=SERVICE_GROUP, backup=BACKUP)


def owner_url(admin_url: str, database: str, password: str) -> str:
    """Return the connection string of our login role on the administrator's server."""
    kept = {
        k: v for k, v in parse_dsn(admin_url).items() if k not in ("user", "password", "dbname")
    }
    return make_dsn("", user=OWNER, password=password, dbname=database, **kept)


def create_database(admin_url: str, name: str, *, template: str = "template0") -> None:
    """Make a database owned by our login role. Copying a template copies its grants and data."""
    with _connected(admin_url) as connection:
        _create_database(connection, name, template)


def drop_database(admin_url: str, name: str) -> None:
    """Drop a database, throwing out whoever is still connected. One that is missing is no error."""
    with _connected(admin_url) as connection:
        _run(connection, "DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name)


def _backup_role(connection: Connection, password: str) -> list[str]:
    login = {"LOGIN"} if password else set()
    if password:
        _ensure_role(connection, BACKUP, login)
        _set_password(connection, BACKUP, password)
    try:
        _ensure_role(connection, BACKUP, login | {"BYPASSRLS", "INHERIT"})
    except psycopg2.errors.InsufficientPrivilege:
        return [
            f"This administrator may not give BYPASSRLS to {BACKUP}: dumps made with that role "
            "would be empty. Ask for that right, or make backups with the server's own means."
        ]
    return []


def _ensure_role(connection: Connection, role: str, rights: set[str]) -> None:
    """Make the role if it is missing, and let it have these rights and no other.

    Only what differs is altered: an administrator who is no superuser may not even name the others.
    """
    with connection.cursor() as cursor:
        columns = sql.SQL(", ").join(map(sql.Identifier, RIGHTS))
        query = sql.SQL("SELECT {} FROM pg_roles WHERE rolname = %s").format(columns)
        cursor.execute(query, [role])
        found = cursor.fetchone()
    if found is None:
        _run(connection, "CREATE ROLE {role} NOINHERIT", role=role)
        found = (False,) * len(RIGHTS)
    changes = [
        right if right in rights else f"NO{right}"
        for right, has in zip(RIGHTS.values(), found, strict=True)
        if has != (right in rights)
    ]
    if changes:
        _run(connection, f"ALTER ROLE {{role}} {' '.join(changes)}", role=role)


def _set_password(connection: Connection, role: str, password: str) -> None:
    statement = sql.SQL("ALTER ROLE {role} PASSWORD {password}")
    with connection.cursor() as cursor:
        cursor.execute(statement.format(role=sql.Identifier(role), password=sql.Literal(password)))


def _ensure_database(connection: Connection, name: str) -> None:
    if _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
        return
    _step_into_owner(connection)
    _create_database(connection, name, "template0")


def _create_database(connection: Connection, name: str, template: str) -> None:
    statement = "CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}"
    _run(connection, statement, name=name, owner=OWNER, template=template)
    _run(connection, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", name=name)
    _run(connection, "GRANT CONNECT ON DATABASE {name} TO {role}", name=name, role=BACKUP)


def _step_into_owner(connection: Connection) -> None:
    """Let an administrator who is no superuser hand a new database to our login role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        (is_superuser,) = cursor.fetchone() or (False,)
        if not is_superuser:
            cursor.execute(f"GRANT {OWNER} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")


def _check_version(connection: Connection) -> None:
    if connection.server_version < OLDEST_SERVER:
        raise BootstrapFailed(
            f"This is PostgreSQL {connection.server_version // 10000}; OurVidz needs 16 or newer."
        )


def _exists(connection: Connection, query: str, value: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [value])
        return cursor.fetchone() is not None


def _run(connection: Connection, statement: str, **names: str) -> None:
    identifiers = {key: sql.Identifier(value) for key, value in names.items()}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**identifiers))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    try:
        connection = psycopg2.connect(url)
    except psycopg2.OperationalError as error:
        raise BootstrapFailed(f"The database server does not answer: {error}") from error
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()
