"""The two doors to an identity, and the start-up check that the policies are in force. Not for the
policies themselves: see test_tables.py.
"""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, transaction

from accounts.models import User
from ourvidz import rows
from ourvidz.checks import isolation_is_enforced

pytestmark = pytest.mark.django_db


def role_and_user() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, coalesce(current_setting('app.user_id', true), '')")
        return cursor.fetchone()


def test_an_identity_ends_with_its_block(user: User) -> None:
    before = role_and_user()
    with rows.as_user(user):
        assert role_and_user() == ("ourvidz_user", str(user.pk))
        assert rows.current_user_id() == user.pk
    assert role_and_user() == before
    assert rows.current_user_id() is None


def test_an_identity_ends_with_an_error(user: User) -> None:
    before = role_and_user()
    with pytest.raises(ZeroDivisionError), rows.as_user(user):
        _ = 1 / 0
    assert role_and_user() == before
    assert rows.current_role() == "none"


def test_an_identity_ends_with_a_rollback_that_nobody_raised(user: User) -> None:
    before = role_and_user()
    with rows.as_user(user):
        transaction.set_rollback(True)
    assert role_and_user() == before


def test_a_service_inside_a_person_gives_the_person_back(user: User) -> None:
    with rows.as_user(user):
        with rows.as_service("a look at everything"):
            assert role_and_user() == ("ourvidz_service", "")
        assert role_and_user() == ("ourvidz_user", str(user.pk))


def test_nobody_turns_into_another_person(user: User, other_user: User) -> None:
    with rows.as_user(user), pytest.raises(rows.IdentityError), rows.as_user(other_user):
        pass


@pytest.mark.parametrize("nobody", [None, "", "not-an-id", 7])
def test_an_identity_needs_a_person(nobody: object) -> None:
    with pytest.raises(rows.IdentityError), rows.as_user(nobody):
        pass


def test_the_system_says_why() -> None:
    with pytest.raises(rows.IdentityError), rows.as_service(""):
        pass


def test_the_start_up_check_is_content() -> None:
    call_command("check", databases=["default"])
    assert isolation_is_enforced(databases=["default"]) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY", "rows.E004"),
        ("ALTER TABLE jobs DISABLE ROW LEVEL SECURITY", "rows.E004"),
        ("DROP POLICY jobs_person ON jobs", "rows.E004"),
        ("DROP POLICY media_service ON media", "rows.E004"),
        ("GRANT SELECT ON worker_urls TO ourvidz_user", "rows.E005"),
        ("GRANT SELECT ON django_session TO ourvidz_user", "rows.E005"),
        ("CREATE TABLE forgotten (id int)", "rows.E003"),
    ],
)
def test_the_start_up_check_sees_damage(damage: str, problem: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(damage)
    assert problem in {found.id for found in isolation_is_enforced(databases=["default"])}
    with pytest.raises(SystemCheckError):
        call_command("check", databases=["default"])


def test_our_role_has_no_rights_of_its_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolinherit, rolcreatedb, rolcreaterole "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False, False)
