"""Migration operations that close a table: row-level security with its two policies for private
tables, grants for shared and service tables, the seed's cascades and the `updated_at` trigger. Not
for reading or writing rows.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations import RunSQL

from ourvidz.rows import SERVICE_ROLE, USER_ROLE

IDENTITY = "(select nullif(current_setting('app.user_id', true), '')::uuid)"
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


def private_table(
    table: str,
    *,
    owner: str = "user_id",
    parents: dict[str, str] | None = None,
    user_may: str = EVERYTHING,
    service_may: str = EVERYTHING,
) -> RunSQL:
    """Close `table`: each person reaches the rows whose `owner` column is their id.

    `parents` maps a foreign key column to the private table it points to. PostgreSQL checks foreign
    keys without regard to policies, so WITH CHECK asks itself whether the parent is visible:
    without it a row could hang under another person's.
    """
    name = f'"{table}"'
    mine = f"{owner} = {IDENTITY}"
    visible = _visible(table, parents or {})
    return RunSQL(
        [
            *([_own_parent_function(table)] if table in (parents or {}).values() else []),
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {table}_person ON {name} TO {USER_ROLE} "
            f"USING ({mine}) WITH CHECK ({mine}{visible})",
            f"CREATE POLICY {table}_service ON {name} TO {SERVICE_ROLE} "
            "USING (true) WITH CHECK (true)",
            f"REVOKE ALL ON {name} FROM {USER_ROLE}, {SERVICE_ROLE}",
            f"GRANT {user_may} ON {name} TO {USER_ROLE}",
            f"GRANT {service_may} ON {name} TO {SERVICE_ROLE}",
        ],
        _opened_again(table),
    )


def parents_of(table: str, parents: dict[str, str], *, owner: str = "user_id") -> RunSQL:
    """Let a closed table look at these parents from now on: all of them, old and new.

    Undoing it leaves the columns that a later migration takes away without a look.
    """
    check = f"{owner} = {IDENTITY}{_visible(table, parents)}"
    return RunSQL(
        [f'ALTER POLICY {table}_person ON "{table}" WITH CHECK ({check})'],
        [f'ALTER POLICY {table}_person ON "{table}" WITH CHECK ({owner} = {IDENTITY})'],
    )


def _visible(table: str, parents: dict[str, str]) -> str:
    return "".join(
        f" AND ({column} IS NULL OR {_sees(table, column, parent)})"
        for column, parent in parents.items()
    )


def _opened_again(table: str) -> list[Any]:
    name = f'"{table}"'
    return [
        f"DROP POLICY {table}_person ON {name}",
        f"DROP POLICY {table}_service ON {name}",
        f"DROP FUNCTION IF EXISTS sees_{table}(uuid)",
        f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY",
    ]


def _sees(table: str, column: str, parent: str) -> str:
    if parent == table:
        return f"sees_{table}({column})"
    return f'EXISTS (SELECT 1 FROM "{parent}" p WHERE p.id = "{table}".{column})'


def _own_parent_function(table: str) -> str:
    """A policy may not query its own table (PostgreSQL calls that an infinite recursion), a
    function with the caller's rights may."""
    return (
        f"CREATE FUNCTION sees_{table}(uuid) RETURNS boolean LANGUAGE sql STABLE AS "
        f'$$ SELECT EXISTS (SELECT 1 FROM "{table}" WHERE id = $1) $$'
    )


def view_of(view: str, table: str, where: str, columns: list[str]) -> RunSQL:
    """Make one of the seed's tables as a view of ours. It looks with the rights of whoever reads
    it.

    A migration that changes the table drops the view first (its reverse does) and makes it again.
    """
    listed = ", ".join(columns)
    return RunSQL(
        [
            f"CREATE VIEW {view} WITH (security_invoker = true) AS "
            f"SELECT {listed} FROM {table} WHERE {where}",
            f"GRANT SELECT ON {view} TO {USER_ROLE}, {SERVICE_ROLE}",
        ],
        [f"DROP VIEW {view}"],
    )


def shared_table(table: str) -> RunSQL:
    """Open `table` to everybody for reading and to the system for writing."""
    return RunSQL(
        [
            f"GRANT SELECT ON {table} TO {USER_ROLE}",
            f"GRANT {EVERYTHING} ON {table} TO {SERVICE_ROLE}",
        ],
        [f"REVOKE ALL ON {table} FROM {USER_ROLE}, {SERVICE_ROLE}"],
    )


def service_table(table: str) -> RunSQL:
    """Keep `table` to the system."""
    return RunSQL(
        [
            f"REVOKE ALL ON {table} FROM {USER_ROLE}",
            f"GRANT {EVERYTHING} ON {table} TO {SERVICE_ROLE}",
        ],
        RunSQL.noop,
    )


def touch_function() -> RunSQL:
    """Make the seed's `handle_updated_at`, which keeps `updated_at` for raw SQL too."""
    return RunSQL(
        [
            "CREATE OR REPLACE FUNCTION handle_updated_at() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.updated_at = clock_timestamp(); RETURN NEW; END $$"
        ],
        ["DROP FUNCTION handle_updated_at()"],
    )


def touch_trigger(table: str) -> RunSQL:
    """Keep `updated_at` of `table` in the database itself."""
    return RunSQL(
        [
            f'CREATE TRIGGER handle_{table}_updated_at BEFORE UPDATE ON "{table}" '
            "FOR EACH ROW EXECUTE FUNCTION handle_updated_at()"
        ],
        [f'DROP TRIGGER handle_{table}_updated_at ON "{table}"'],
    )


def on_delete(table: str, column: str, parent: str, action: str) -> RunSQL:
    """Give a foreign key the seed's ON DELETE, which Django leaves out of the database."""
    return RunSQL([_foreign_key(table, column, parent, action)], RunSQL.noop)


def _foreign_key(table: str, column: str, parent: str, action: str) -> str:
    """Drop whatever name Django gave the constraint, and make it anew with the action."""
    return f"""
        DO $$ DECLARE found text; BEGIN
          SELECT conname INTO found FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.contype = 'f' AND c.conrelid = '"{table}"'::regclass
              AND a.attname = '{column}' AND array_length(c.conkey, 1) = 1;
          EXECUTE format('ALTER TABLE "{table}" DROP CONSTRAINT %I', found);
          EXECUTE format('ALTER TABLE "{table}" ADD CONSTRAINT %I FOREIGN KEY ({column}) '
            'REFERENCES "{parent}"(id) ON DELETE {action} DEFERRABLE INITIALLY DEFERRED', found);
        END $$
    """
