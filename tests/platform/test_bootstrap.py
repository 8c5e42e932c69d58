"""`manage.py bootstrap_database`: the same roles on a server of one's own, again and again."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from django.core.management import CommandError, call_command

from ourvidz.embedded import roles

NAME = "bootstrapped"


@pytest.fixture
def database_url(test_servers, monkeypatch):
    """The url that the site would use for a database that does not exist yet."""
    url = test_servers.owner_url(NAME)
    monkeypatch.setenv("DATABASE_URL", url)
    yield url
    roles.drop_database(test_servers.admin_url, NAME)


def ask(url, question):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchall()


def test_it_can_be_run_again(database_url, test_servers, capsys):
    for _ in range(2):
        call_command("bootstrap_database", admin_url=test_servers.admin_url)
    assert "is ready" in capsys.readouterr().out
    owner = ask(
        database_url,
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()",
    )
    assert owner == [("ourvidz",)]


def test_new_tables_are_open_to_the_service_and_closed_to_people(database_url, test_servers):
    call_command("bootstrap_database", admin_url=test_servers.admin_url)
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE fresh (id int)")
        cursor.execute(
            "SELECT has_table_privilege('ourvidz_service', 'fresh', 'INSERT'),"
            " has_table_privilege('ourvidz_user', 'fresh', 'SELECT'),"
            " has_table_privilege('ourvidz_backup', 'fresh', 'SELECT'),"
            " has_table_privilege('ourvidz_backup', 'fresh', 'UPDATE')"
        )
        assert cursor.fetchone() == (True, False, True, False)


def test_strangers_may_not_connect(database_url, test_servers):
    call_command("bootstrap_database", admin_url=test_servers.admin_url)
    allowed = ask(
        test_servers.admin_url,
        f"SELECT has_database_privilege('public', '{NAME}', 'CONNECT')",
    )
    assert allowed == [(False,)]


def test_the_backup_role_sees_all_rows_and_is_no_superuser(database_url, test_servers):
    call_command("bootstrap_database", admin_url=test_servers.admin_url)
    found = ask(
        test_servers.admin_url,
        "SELECT rolbypassrls, rolsuper, rolcanlogin FROM pg_roles WHERE rolname = 'ourvidz_backup'",
    )
    assert found == [(True, False, False)]


def test_an_administrator_without_superpowers_is_enough(database_url, test_servers):
    """As on rented servers: the role may make roles and databases, nothing else."""
    with closing(psycopg2.connect(test_servers.admin_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("ALTER ROLE ourvidz_backup NOBYPASSRLS")
            cursor.execute("CREATE ROLE landlord LOGIN CREATEROLE CREATEDB PASSWORD 'landlord'")
            for role in (roles.OWNER, roles.USER_GROUP, roles.SERVICE_GROUP, roles.BACKUP):
                cursor.execute(
                    f"GRANT {role} TO landlord WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
                )

    landlord = f"postgresql://landlord:landlord@/postgres?host={test_servers.sockets}"
    try:
        notes = roles.bootstrap(
            landlord, database=NAME, passwords=roles.Passwords("the owner in a test")
        )
        assert "BYPASSRLS" in notes[0]
        assert ask(database_url, "SELECT session_user") == [("ourvidz",)]
    finally:
        roles.drop_database(test_servers.admin_url, NAME)
        with closing(psycopg2.connect(test_servers.admin_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("ALTER ROLE ourvidz_backup BYPASSRLS")
                cursor.execute("DROP OWNED BY landlord CASCADE")
                cursor.execute("DROP ROLE landlord")


def test_an_incomplete_url_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.example.org/ourvidz")
    with pytest.raises(CommandError, match="Set DATABASE_URL first"):
        call_command("bootstrap_database", admin_url="postgresql://admin@db.example.org/postgres")


def test_a_server_that_does_not_answer_is_a_sentence(database_url):
    with pytest.raises(CommandError, match="does not answer"):
        call_command("bootstrap_database", admin_url="postgresql://a:b@127.0.0.1:1/postgres")
