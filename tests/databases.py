"""The test databases: one template that is migrated once for the whole run, and cheap copies of it.
Not for roles, which tests/servers.py makes once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO

import psycopg2
from django.core.management import call_command
from django.db import connection, connections

from ourvidz.embedded import roles
from tests.servers import Servers

TEMPLATE = "test_template"
READY = "migrated"
# Any number: parallel processes that reach for the template wait for one another on it.
LOCK = 5_432_001


def ensure_template(servers: Servers) -> None:
    """Migrate the template database, unless another process of the run has done it."""
    with closing(psycopg2.connect(servers.admin_url)) as admin, admin, admin.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [TEMPLATE],
        )
        if cursor.fetchone() == (READY,):
            return
        roles.drop_database(servers.admin_url, TEMPLATE)
        roles.create_database(servers.admin_url, TEMPLATE)
        roles.grant_on_schema(servers.owner_url(TEMPLATE))
        with pointed_at(TEMPLATE):
            call_command("migrate", verbosity=0, interactive=False)
            call_command("sync_presets", stdout=StringIO())
        cursor.execute(f"COMMENT ON DATABASE {TEMPLATE} IS %s", [READY])


def renew(servers: Servers, name: str) -> None:
    """Make `name` a fresh copy of the template, throwing out whoever uses an older one."""
    roles.drop_database(servers.admin_url, name)
    roles.create_database(servers.admin_url, name, template=TEMPLATE)


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Let Django's connections, of this thread and of new ones, lead to another database."""
    settings = connection.settings_dict
    before = settings["NAME"]
    connections.close_all()
    settings["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        settings["NAME"] = before
