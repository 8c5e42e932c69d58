"""Writes several rows of one table in one statement, each with values of its own. Django's
`bulk_update` composes a CASE of every value (sixteen items: 12 ms, against 1 ms so). Not for new
rows: see `bulk_create`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models


def write(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Update these fields of rows that are there and locked, all of one model with a UUID key."""
    if not rows:
        return
    statement, names = _composed(type(rows[0]), tuple(fields))
    given = [{column: getattr(row, name) for name, column in names} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(given, default=_text)])


@cache
def _composed(model: type[models.Model], fields: tuple[str, ...]) -> tuple[str, list[Any]]:
    """Return the statement, and each attribute with the column that it fills."""
    known = {field.name: field for field in model._meta.concrete_fields}
    chosen = [known[name] for name in ("id", *fields)]
    types = ", ".join(f'"{field.column}" {field.db_type(connection)}' for field in chosen)
    values = ", ".join(f'"{field.column}" = given."{field.column}"' for field in chosen[1:])
    statement = (
        f'UPDATE "{model._meta.db_table}" AS kept SET {values} '
        f"FROM jsonb_to_recordset(%s::jsonb) AS given ({types}) WHERE kept.id = given.id"
    )
    return statement, [(field.attname, field.column) for field in chosen]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
