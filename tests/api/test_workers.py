"""Workers in the API, for operators only. Not for the workers' own protocol."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ourvidz.models import uuid7
from tests.api.conftest import Api, is_problem
from tests.api.rows import make_worker


@pytest.fixture
def operator(api_of: Callable[[User], Api], staff: User) -> Api:
    return api_of(staff)


def test_lists_workers_by_name(operator: Api) -> None:
    for name in ("c", "a", "b"):
        make_worker(name)
    first = operator.get("workers?limit=2").json()
    second = operator.get(first["next"]).json()
    assert [row["name"] for row in first["results"] + second["results"]] == ["a", "b", "c"]
    assert "digest" not in str(first)


def test_takes_as_many_queries_for_many_as_for_one(operator: Api) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            operator.get("workers")
        return len(found)

    make_worker("a")
    one = queries()
    make_worker("b")
    make_worker("c")
    assert queries() == one


def test_switches_a_worker_off_and_on(operator: Api) -> None:
    worker = make_worker()
    assert operator.get(f"workers/{worker.pk}").json()["status"] == "active"
    for _ in range(2):
        assert operator.post(f"workers/{worker.pk}/disable").json()["status"] == "disabled"
    assert operator.post(f"workers/{worker.pk}/enable").json()["status"] == "active"


def test_a_worker_that_is_not_there(operator: Api) -> None:
    for path in ("", "/disable", "/enable"):
        method = "POST" if path else "GET"
        assert is_problem(operator.ask(method, f"workers/{uuid7()}{path}"), 404)


def test_others_may_not_look(api: Api, token_api: Callable[..., Api], user: User) -> None:
    worker = make_worker()
    for client in (api, token_api(user, "read", "write")):
        assert is_problem(client.get("workers"), 403, "permission_denied")
        assert is_problem(client.get(f"workers/{worker.pk}"), 403, "permission_denied")
        assert is_problem(client.post(f"workers/{worker.pk}/disable"), 403, "permission_denied")


def test_an_operators_token_needs_its_scope(token_api: Callable[..., Api], staff: User) -> None:
    worker = make_worker()
    reader = token_api(staff, "read")
    assert reader.get("workers").status_code == 200
    assert is_problem(reader.post(f"workers/{worker.pk}/disable"), 403)
