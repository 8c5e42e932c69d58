"""What a probe hears: of a process that lives, of servers that are away, of a new release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from ourvidz import health, live


def probe(path: str, **headers: str) -> Any:
    return Client().get(f"/health/{path}", headers=headers)


def test_a_living_process_says_so_without_servers() -> None:
    assert probe("live").json() == {"process": "ok"}


@pytest.mark.django_db
def test_it_is_ready_whatever_host_and_scheme(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["ourvidz.example.org"]
    response = probe("ready", host="10.1.2.3:8000")
    assert (response.status_code, response.json()) == (200, {"database": "ok", "redis": "ok"})
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


@pytest.fixture
def redis_away(settings: Any) -> Iterator[None]:
    """A Redis that nobody reaches."""
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    live.redis.cache_clear()
    yield
    live.redis.cache_clear()


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_away")
def test_redis_is_away() -> None:
    response = probe("ready")
    assert (response.status_code, response.json()["redis"]) == (503, "away")


@pytest.mark.django_db
def test_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("connection refused: secret-host")

    monkeypatch.setattr(connection, "cursor", refuse)
    monkeypatch.setattr(connection, "close", lambda: None)
    response = probe("ready")
    assert (response.status_code, response.json()["database"]) == (503, "away")
    assert b"secret-host" not in response.content


@pytest.mark.django_db
def test_a_release_waits_for_its_migrations() -> None:
    health._migrated.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'library'")
    assert probe("ready").json()["database"] == "migrations are missing"


@pytest.mark.django_db
def test_what_was_migrated_is_not_looked_for_again() -> None:
    probe("ready")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'library'")
    assert probe("ready").status_code == 200
