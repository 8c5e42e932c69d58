"""The fixtures themselves: a real site, a real browser, on a database that tests share with it."""

import asyncio

import pytest

from ourvidz.rows import as_service


def test_the_site_answers_on_the_tests_own_database(live_site, user, client_of):
    from accounts.models import User

    with as_service("test"):
        assert User.objects.get().email == user.email


def test_a_person_signs_in_through_the_form(page, user, sign_in):
    sign_in(page, user)


@pytest.mark.heavy
def test_async_code_runs_after_a_browser_test_in_the_same_process():
    async def answer():
        return 42

    assert asyncio.run(answer()) == 42
