"""The embedded database's roles, as row-level security needs them."""

from django.conf import settings
from django.db import connection

from tests import servers


def query(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_tests_connect_as_the_powerless_owner(db):
    rows = query(
        "SELECT rolname, rolsuper, rolbypassrls, rolinherit, rolcreatedb, rolcreaterole"
        " FROM pg_roles WHERE rolname = session_user"
    )
    assert rows == [("ourvidz", False, False, False, False, False)]


def test_the_owner_may_step_into_its_groups_but_inherits_nothing(db):
    rows = query(
        "SELECT roleid::regrole::text, inherit_option, set_option, admin_option"
        " FROM pg_auth_members WHERE member = 'ourvidz'::regrole ORDER BY 1"
    )
    assert rows == [
        ("ourvidz_service", False, True, False),
        ("ourvidz_user", False, True, False),
    ]


def test_each_process_has_a_database_a_redis_and_files_of_its_own(db, data_dir):
    name = servers.process_name()
    assert query("SELECT current_database()") == [(f"test_{name}",)]
    assert f"test_{name}" == settings.NAMESPACE
    assert data_dir == settings.DATA_DIR
    assert data_dir.name == name
