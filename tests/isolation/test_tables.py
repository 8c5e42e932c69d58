"""Attacks every private table as another person and as nobody: reads, writes, and rows that hang
under somebody else's. The list of tables comes from the models, so that none can be forgotten. Not
for the ways in from outside: see test_doors.py.
"""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ForeignKey, Model

from accounts.models import User
from ourvidz import rows
from ourvidz.checks import private_models
from tests.isolation.private_rows import MAKE

pytestmark = pytest.mark.django_db
MODELS = private_models()
# A person's own id is the key of these, so a copy under another key cannot be made.
ONE_EACH = {"users", "profiles", "feed_heads"}


def owner_column(model: type[Model]) -> str:
    return "id" if model._meta.db_table in ("users", "profiles") else "user_id"


def made(model: type[Model], user: User) -> Model:
    with rows.as_service("test data"):
        return MAKE[model](user)


def run(sql: str, params: list[object]) -> int:
    """Run raw SQL, around every QuerySet; returns the number of rows it touched or found."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


def refused_or_nothing(sql: str, params: list[object]) -> bool:
    try:
        with transaction.atomic():
            return run(sql, params) == 0
    except DatabaseError:
        return True


def attacks(
    model: type[Model], victim: Model, attacker: User
) -> dict[str, tuple[str, list[object]]]:
    """Return raw statements against one row, by name. Each must be refused or touch nothing."""
    table, owner = f'"{model._meta.db_table}"', owner_column(model)
    key = model._meta.pk.column  # type: ignore[union-attr]
    where = f"WHERE {key} = %s"
    return {
        "select": (f"SELECT * FROM {table} {where}", [victim.pk]),
        "update": (f"UPDATE {table} SET {owner} = {owner} {where}", [victim.pk]),
        "steal": (f"UPDATE {table} SET {owner} = %s {where}", [attacker.pk, victim.pk]),
        "delete": (f"DELETE FROM {table} {where}", [victim.pk]),
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_every_private_model_is_attacked(model: type[Model]) -> None:
    assert model in MAKE


@pytest.mark.parametrize("verb", ["select", "update", "steal", "delete"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_another_person_reaches_nothing(
    model: type[Model], verb: str, user: User, other_user: User
) -> None:
    victim = made(model, user)
    with rows.as_user(other_user):
        assert refused_or_nothing(*attacks(model, victim, other_user)[verb])
    with rows.as_service("look again"):
        assert run(
            f'SELECT 1 FROM "{model._meta.db_table}" WHERE {owner_column(model)} = %s', [user.pk]
        )


@pytest.mark.parametrize("verb", ["select", "update", "steal", "delete"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_nobody_reaches_nothing(
    model: type[Model], verb: str, user: User, other_user: User
) -> None:
    victim = made(model, user)
    assert refused_or_nothing(*attacks(model, victim, other_user)[verb])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_rows_cannot_be_written_for_another_person(
    model: type[Model], user: User, other_user: User
) -> None:
    victim = made(model, user)
    columns = [field.column for field in model._meta.concrete_fields]
    values = [_new_value(model, victim, name) for name in columns]
    statement = (
        f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)}) '
        f"VALUES ({', '.join(['%s'] * len(columns))})"
    )
    with rows.as_user(other_user), pytest.raises(DatabaseError), transaction.atomic():
        run(statement, values)
    with pytest.raises(DatabaseError), transaction.atomic():
        run(statement, values)


def _new_value(model: type[Model], victim: Model, column: str) -> object:
    """Return the victim's value, with a key of its own where the table allows several rows."""
    field = next(field for field in model._meta.concrete_fields if field.column == column)
    if field.primary_key and model._meta.db_table not in ONE_EACH:
        return uuid.uuid4()
    return field.get_db_prep_save(getattr(victim, field.attname), connection)


PARENTS = [
    (model, field)
    for model in MODELS
    for field in model._meta.concrete_fields
    if isinstance(field, ForeignKey)
    and field.related_model in MODELS
    and field.related_model is not User
]


@pytest.mark.parametrize(
    ("model", "field"), PARENTS, ids=lambda value: getattr(value, "name", None) or value.__name__
)
def test_rows_cannot_hang_under_another_persons(
    model: type[Model], field: ForeignKey, user: User, other_user: User
) -> None:
    """Foreign keys are checked without policies, so WITH CHECK has to look."""
    parent = made(field.related_model, user)  # type: ignore[arg-type]
    mine = made(model, other_user)
    statement = f'UPDATE "{model._meta.db_table}" SET {field.column} = %s WHERE id = %s'
    with rows.as_user(other_user), pytest.raises(DatabaseError), transaction.atomic():
        run(statement, [parent.pk, mine.pk])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_a_person_reaches_their_own(model: type[Model], user: User) -> None:
    mine = made(model, user)
    with rows.as_user(user):
        assert type(mine)._default_manager.filter(pk=mine.pk).exists()


def test_history_cannot_be_rewritten(user: User) -> None:
    history = made(next(model for model in MODELS if model.__name__ == "JobStatus"), user)
    for identity in (rows.as_user(user), rows.as_service("attack")):
        with identity, pytest.raises(DatabaseError), transaction.atomic():
            run("UPDATE job_status SET status = 'failed' WHERE id = %s", [history.pk])


@pytest.mark.parametrize("table", sorted(rows.IDENTITY_TABLES | rows.SERVICE_TABLES))
def test_tables_of_sign_in_and_workers_are_closed_to_people(table: str, user: User) -> None:
    with rows.as_user(user), pytest.raises(DatabaseError), transaction.atomic():
        run(f'SELECT 1 FROM "{table}"', [])


@pytest.mark.parametrize("table", sorted(rows.SHARED_TABLES))
def test_shared_tables_are_read_only_for_people(table: str, user: User) -> None:
    with rows.as_user(user):
        run(f'SELECT 1 FROM "{table}"', [])
        with pytest.raises(DatabaseError), transaction.atomic():
            run(f'DELETE FROM "{table}"', [])


def test_a_person_cannot_make_themselves_an_operator(user: User) -> None:
    with rows.as_user(user), pytest.raises(DatabaseError), transaction.atomic():
        run("UPDATE users SET is_staff = true WHERE id = %s", [user.pk])


def test_the_seeds_views_look_with_the_rights_of_the_reader(user: User, other_user: User) -> None:
    media = made(next(model for model in MODELS if model._meta.db_table == "media"), user)
    with rows.as_user(user):
        assert run("SELECT * FROM images WHERE id = %s", [media.pk]) == 1
        assert run("SELECT * FROM videos WHERE id = %s", [media.pk]) == 0
    with rows.as_user(other_user):
        assert run("SELECT * FROM images WHERE id = %s", [media.pk]) == 0
