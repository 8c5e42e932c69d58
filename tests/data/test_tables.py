"""The tables as the seed's document describes them: columns, defaults, checks, cascades, the
trigger, the views, and indexes that the list pages and the claim really use. All by raw SQL, since
these are promises of the database itself. Not for isolation: see tests/isolation.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from ourvidz import rows

pytestmark = pytest.mark.django_db

COLUMNS = {
    "workspace_sessions": "id user_id session_name created_at updated_at is_active metadata",
    "workspace_items": (
        "id session_id job_id user_id prompt enhanced_prompt content_type model_type quality "
        "storage_path bucket_name url thumbnail_url generation_params seed reference_image_url "
        "reference_strength status metadata created_at updated_at"
    ),
    "jobs": "id user_id destination workspace_session_id status",
    "media": "width height duration fps bytes sha256 thumbhash parent_id relation starred_at",
    "images": "id user_id project_id prompt seed width height url created_at",
    "videos": "id user_id project_id prompt seed duration fps url created_at",
}
CASCADES = {
    ("workspace_sessions", "user_id"): "c",
    ("workspace_items", "session_id"): "c",
    ("workspace_items", "user_id"): "c",
    ("workspace_items", "job_id"): "n",
    ("jobs", "user_id"): "c",
    ("jobs", "workspace_session_id"): "n",
    ("jobs", "worker_id"): "n",
    ("job_status", "job_id"): "c",
    ("media", "project_id"): "n",
    ("profiles", "id"): "c",
}

FILL = (
    "INSERT INTO workspace_items (session_id, user_id, prompt, content_type, batch_id, "
    "batch_index, relation, negative_prompt, storage_path, url, thumbnail_url, mime_type, sha256, "
    "thumbhash, failure_code, failure_params, bucket_name) SELECT %s, %s, 'a fox', 'image', "
    "gen_random_uuid(), 0, '', '', '', '', '', '', '', '', '', '{}', '' "
    "FROM generate_series(1, 3000)"
)


def query(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def new_session(user: User) -> uuid.UUID:
    sql = "INSERT INTO workspace_sessions (user_id) VALUES (%s) RETURNING id"
    return query(sql, user.pk)[0][0]


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_of_the_seed_is_there(table: str) -> None:
    sql = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
    assert {name for (name,) in query(sql, table)} >= set(COLUMNS[table].split())


@pytest.mark.parametrize(("table", "column"), CASCADES)
def test_the_database_itself_cascades(table: str, column: str) -> None:
    sql = (
        "SELECT confdeltype FROM pg_constraint c JOIN pg_attribute a "
        "ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "WHERE contype = 'f' AND conrelid = %s::regclass AND attname = %s"
    )
    assert query(sql, table, column) == [(CASCADES[table, column],)]


def test_a_session_has_the_seeds_defaults(user: User) -> None:
    with rows.as_user(user):
        new_session(user)
        sql = "SELECT session_name, is_active, metadata::text FROM workspace_sessions"
        assert query(sql) == [("Workspace Session", True, "{}")]


def test_an_item_has_the_seeds_defaults_and_checks(user: User) -> None:
    insert = (
        "INSERT INTO workspace_items (session_id, user_id, prompt, content_type, batch_id, "
        "batch_index, relation, negative_prompt, storage_path, url, thumbnail_url, mime_type, "
        "sha256, thumbhash, failure_code, failure_params, bucket_name) VALUES "
        "(%s, %s, 'a fox', %s, gen_random_uuid(), 0, '', '', '', '', '', '', '', '', '', '{}', '')"
    )
    with rows.as_user(user):
        session = new_session(user)
        query(insert, session, user.pk, "image")
        found = query("SELECT status, metadata::text, generation_params::text FROM workspace_items")
        assert found == [("generated", "{}", "{}")]
        for change in ("status = 'lost'", "quality = 'best'", "content_type = 'sound'"):
            with pytest.raises(DatabaseError), transaction.atomic():
                query(f"UPDATE workspace_items SET {change}")
        with pytest.raises(DatabaseError), transaction.atomic():
            query(insert, session, user.pk, "sound")


@pytest.mark.parametrize("table", ["workspace_sessions", "profiles"])
def test_raw_sql_keeps_updated_at(table: str, user: User) -> None:
    with rows.as_user(user):
        new_session(user)
        before = query(f"SELECT updated_at FROM {table}")[0][0]
        query(f"UPDATE {table} SET created_at = created_at")
        assert query(f"SELECT updated_at FROM {table}")[0][0] > before


def test_deleting_a_person_leaves_nothing(user: User) -> None:
    with rows.as_service("test"):
        new_session(user)
        query("DELETE FROM users WHERE id = %s", user.pk)
        assert query("SELECT 1 FROM workspace_sessions WHERE user_id = %s", user.pk) == []
        assert query("SELECT 1 FROM profiles WHERE id = %s", user.pk) == []


@pytest.mark.parametrize(
    ("index", "sql"),
    [
        (
            "media_newest",
            "SELECT id FROM media WHERE user_id = '{user}' AND deleted_at IS NULL "
            "AND (created_at, id) < (now(), '{user}') "
            "ORDER BY created_at DESC, id DESC LIMIT 50",
        ),
        (
            "jobs_fair_order",
            "SELECT id FROM jobs WHERE queue = 'gpu.image' AND status = 'queued' "
            "AND paused_at IS NULL "
            "ORDER BY priority DESC, start_tag, id LIMIT 1 FOR UPDATE SKIP LOCKED",
        ),
    ],
)
def test_an_index_of_exactly_that_order_is_used(index: str, sql: str, user: User) -> None:
    identity = rows.as_service("claim") if index == "jobs_fair_order" else rows.as_user(user)
    with identity:
        for way in ("seqscan", "bitmapscan", "sort"):
            query(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(line for (line,) in query("EXPLAIN " + sql.format(user=user.pk)))
    assert index in plan
    assert "Sort" not in plan


def test_a_sessions_items_are_read_by_their_own_index(user: User) -> None:
    """Two indexes have this order; with other sessions' items about, only one is cheap."""
    with rows.as_user(user):
        session, other = new_session(user), new_session(user)
        query(FILL, other, user.pk)
        query(FILL, session, user.pk)
        query("ANALYZE workspace_items")
        sql = (
            "EXPLAIN SELECT id FROM workspace_items WHERE session_id = %s AND deleted_at IS NULL "
            "ORDER BY created_at DESC, id DESC LIMIT 50"
        )
        plan = "\n".join(line for (line,) in query(sql, session))
    assert "workspace_items_newest" in plan
    assert "Sort" not in plan
