"""What every list of the API has in common: whose rows it shows, its pages, its queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ourvidz.rows import as_service
from tests.api.conftest import Api, is_problem
from tests.api.rows import MAKE

LISTS = sorted(MAKE)
# Lists whose members have an address for GET.
READABLE = [path for path in LISTS if path != "me/tokens"]
# Identity: role and id set and restored, the savepoints, the session, the person, the profile; then
# the page itself.
MOST_QUERIES = 16


def _ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


@pytest.mark.parametrize("path", LISTS)
def test_shows_mine_and_nobody_elses(path: str, api: Api, user: User, other_user: User) -> None:
    mine, _other = MAKE[path](user), MAKE[path](other_user)
    assert _ids(api.get(path)) == [str(mine.pk)]


@pytest.mark.parametrize("path", READABLE)
def test_another_persons_row_is_not_there(path: str, api: Api, other_user: User) -> None:
    other = MAKE[path](other_user)
    assert is_problem(api.get(f"{path}/{other.pk}"), 404, "not_found")


@pytest.mark.parametrize("path", READABLE)
def test_one_row_is_shown_as_in_its_list(path: str, api: Api, user: User) -> None:
    row = MAKE[path](user)
    one, listed = api.get(f"{path}/{row.pk}").json(), api.get(path).json()["results"][0]
    assert listed.items() <= one.items()


@pytest.mark.parametrize("path", [*LISTS, "me", "presets", "media/bin", "items/bin", "workers"])
def test_nobody_is_told_to_sign_in(path: str, stranger: Api) -> None:
    answer = stranger.get(path)
    assert is_problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", LISTS)
def test_says_nothing_of_where_files_lie(path: str, api: Api, user: User) -> None:
    MAKE[path](user)
    (row,) = api.get(path).json()["results"]
    hidden = {"storage_path", "bucket_name", "storage_place", "user", "user_id", "digest"}
    assert not hidden & set(row)
    assert str(user.pk) not in api.get(path).content.decode()


@pytest.mark.parametrize("path", LISTS)
def test_pages_there_and_back(path: str, api: Api, user: User) -> None:
    for _ in range(5):
        MAKE[path](user)
    everything = _ids(api.get(path))
    assert len(everything) == 5

    first = api.get(f"{path}?limit=2")
    second = api.get(first.json()["next"])
    third = api.get(second.json()["next"])
    assert _ids(first) + _ids(second) + _ids(third) == everything
    assert first.json()["previous"] is None and third.json()["next"] is None

    back = api.get(third.json()["previous"])
    assert _ids(back) == _ids(second)
    assert _ids(api.get(back.json()["previous"])) == _ids(first)
    assert api.get(api.get(back.json()["previous"]).json()["next"]).json() == second.json()


@pytest.mark.parametrize("path", LISTS)
def test_takes_as_many_queries_for_many_as_for_one(path: str, api: Api, user: User) -> None:
    MAKE[path](user)
    one = _queries(api, path)
    for _ in range(4):
        MAKE[path](user)
    assert _queries(api, path) == one <= MOST_QUERIES


def _queries(api: Api, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert api.get(path).status_code == 200
    return len(found)


def test_presets_take_few_queries(api: Api) -> None:
    assert _queries(api, "presets") <= MOST_QUERIES


@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "x", "1e3", "99999999999999999999", "%00", "²"]
)
def test_refuses_a_limit(limit: str, api: Api) -> None:
    assert is_problem(api.get(f"media?limit={limit}"), 400, "limit_range")


@pytest.mark.parametrize("cursor", ["x", "%00", "WzAsWyIyMDI2Il1d:abc", "a:b:c", "é"])
def test_refuses_a_cursor(cursor: str, api: Api) -> None:
    assert is_problem(api.get(f"media?cursor={cursor}"), 400, "cursor_invalid")


def test_refuses_the_cursor_of_another_list(api: Api, user: User) -> None:
    for _ in range(2):
        MAKE["media"](user)
    cursor = api.get("media?limit=1").json()["next"].partition("cursor=")[2]
    assert is_problem(api.get(f"jobs?cursor={cursor}"), 400, "cursor_invalid")


def test_a_cursor_brings_nobody_to_anothers_rows(
    api: Api, api_of: Callable[[User], Api], user: User, other_user: User
) -> None:
    for _ in range(3):
        MAKE["media"](user)
    assert _ids(api_of(other_user).get(api.get("media?limit=1").json()["next"])) == []


def test_pages_keep_their_place_when_rows_arrive(api: Api, user: User) -> None:
    old = [str(MAKE["projects"](user, name).pk) for name in ("b", "c", "d")]
    first = api.get("projects?limit=2")
    MAKE["projects"](user, "a")
    assert _ids(first) + _ids(api.get(first.json()["next"])) == old


def test_reads_the_index_of_its_order(user: User) -> None:
    """Without sorting: what makes the thousandth page as quick as the first."""
    from library.models import Media
    from ourvidz.pagination import Keyset

    MAKE["media"](user)
    with as_service("test"), connection.cursor() as cursor:
        media = Media.objects.for_user(user).kept()
        pages = Keyset(media, ("-created_at", "-id"), 2)
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        values = [media.get().created_at, media.get().pk]
        plan = pages.query(False, values).explain()
    assert "media_newest" in plan and "Sort" not in plan
