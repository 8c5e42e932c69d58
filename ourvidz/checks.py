"""The start-up check of the isolation: reads PostgreSQL's catalogue and refuses to start where a
private table is open, or where our role could step around the policies. Run with `manage.py check
--database default`. Not for testing the policies themselves: tests attack those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.models import Model

from ourvidz import rows

ROLE_SQL = "SELECT rolsuper, rolbypassrls, rolinherit FROM pg_roles WHERE rolname = current_user"
TABLE_SQL = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
           array(SELECT r.rolname::text FROM pg_policy p, unnest(p.polroles) AS role
                 JOIN pg_roles r ON r.oid = role WHERE p.polrelid = c.oid),
           has_table_privilege(%s, c.oid, 'SELECT')
    FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
NEEDED = {rows.USER_ROLE, rows.SERVICE_ROLE}


@register(Tags.database)
def isolation_is_enforced(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check the role and every table of the databases that the command looks at."""
    return [found for alias in databases or () for found in _problems(alias)]


def private_models() -> list[type[Model]]:
    """Return every model whose rows belong to a person."""
    return [model for model in apps.get_models() if not model._meta.proxy and _is_private(model)]


def _is_private(model: type[Model]) -> bool:
    names = {field.attname for field in model._meta.concrete_fields}
    table = model._meta.db_table
    return ("user_id" in names or table == "users") and table not in rows.IDENTITY_TABLES


def _problems(alias: str) -> Iterator[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute(ROLE_SQL)
        yield from _role_problems(*cursor.fetchone())
        cursor.execute(TABLE_SQL, [rows.USER_ROLE])
        tables = cursor.fetchall()
    yield from _table_problems(tables)


def _role_problems(superuser: bool, bypasses: bool, inherits: bool) -> Iterator[CheckMessage]:
    hint = "Run `manage.py bootstrap_database` and connect as the role `ourvidz`."
    if superuser or bypasses:
        yield Error("The database role steps around row-level security.", hint=hint, id="rows.E001")
    if inherits:
        yield Error("The database role inherits its groups' rights.", hint=hint, id="rows.E002")


def _table_problems(tables: Iterable[tuple[str, bool, list[str], bool]]) -> Iterator[CheckMessage]:
    private = {model._meta.db_table for model in private_models()}
    known = private | rows.IDENTITY_TABLES | rows.SERVICE_TABLES | rows.SHARED_TABLES
    for table, forced, roles, readable in tables:
        if table not in known:
            yield Error(f"{table} is in no list of ourvidz.rows.", id="rows.E003")
        if table in private and not (forced and set(roles) >= NEEDED):
            yield Error(f"{table} is private, but its policies are not in force.", id="rows.E004")
        if table in rows.IDENTITY_TABLES | rows.SERVICE_TABLES and readable:
            yield Error(f"{table} can be read by {rows.USER_ROLE}.", id="rows.E005")
