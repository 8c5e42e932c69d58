"""The pages that say what went wrong: with the header for people who can go on from there, alone
for everybody else and where no row may be read. Not for the API's problems: tests/api has those.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from ourvidz.api import server_error

pytestmark = pytest.mark.django_db
PAGE = {"Accept": "text/html"}
GONE = "There is nothing here"


def test_who_is_signed_in_can_go_on(user: Any, client_of: Any) -> None:
    for path in ("/nowhere/", "/accounts/nowhere/", "/media/nowhere/original"):
        answer = client_of(user).get(path, headers=PAGE)
        text = answer.content.decode()
        assert answer.status_code == 404 and GONE in text
        assert "header__nav" in text and user.email in text


def test_strangers_get_the_page_alone() -> None:
    answer = Client().get("/nowhere/", headers=PAGE)
    text = answer.content.decode()
    assert answer.status_code == 404 and GONE in text and "<header" not in text


@pytest.mark.parametrize(
    "path, headers", [("/static/none.js", PAGE), ("/nowhere/", {}), ("/health/none", PAGE)]
)
def test_where_no_row_may_be_read_or_nobody_looks_it_stands_alone(
    user: Any, client_of: Any, path: str, headers: dict[str, str]
) -> None:
    answer = client_of(user).get(path, headers=headers)
    assert answer.status_code == 404 and "<header" not in answer.content.decode()


def test_the_page_of_a_broken_server_reads_nothing(
    user: Any, rf: RequestFactory, django_assert_num_queries: Any
) -> None:
    request = rf.get("/workspace/", headers=PAGE)
    request.user = user
    with django_assert_num_queries(0):
        answer = server_error(request)
    text = answer.content.decode()
    assert answer.status_code == 500 and "The server had a problem" in text
    assert "<header" not in text
