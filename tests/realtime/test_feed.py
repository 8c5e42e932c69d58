"""The feed on real transactions: what rolls back is never told, numbers follow the commits, and
nobody waits for each other forever. Not for sockets: see test_sockets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection, transaction
from redis import Redis

from accounts.models import User
from library.models import Project
from ourvidz import feed, live
from ourvidz.rows import IdentityError, as_service, as_user
from tests.site import wait_until

pytestmark = pytest.mark.usefixtures("own_database", "empty_redis")


@pytest.fixture
def told(settings: Any, user: User, other_user: User) -> Iterator[Callable[[User], list[Any]]]:
    """Return a function that gives all that was sent to a person so far."""
    client = Redis.from_url(settings.REDIS_URL)
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    pubsub.psubscribe(f"{prefix}__group__*")
    pubsub.get_message(timeout=1)
    heard: list[tuple[str, dict[str, Any]]] = []

    def collect(person: User) -> list[Any]:
        while message := pubsub.get_message(timeout=0.05):
            channel = message["channel"].decode()
            heard.append((channel, get_channel_layer().deserialize(message["data"])))
        return [sent for channel, sent in heard if channel.endswith(feed.group_of(person.pk))]

    yield collect
    pubsub.close()
    client.close()


def in_threads(*acts: Callable[[], None]) -> None:
    """Run each in a thread, hence with a connection, of its own. Raises what one of them raises."""
    errors: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors, errors


def change(user: User) -> None:
    feed.publish(user.pk, "profile.changed", {})


def head(user: User) -> int:
    with as_user(user):
        return feed.head(user.pk)


def test_a_rollback_tells_nothing(user: User, told: Callable[[User], list[Any]]) -> None:
    with suppress(ZeroDivisionError), as_user(user):
        change(user)
        raise ZeroDivisionError
    assert told(user) == []
    assert head(user) == 0


def test_an_undone_part_tells_nothing(user: User, told: Callable[[User], list[Any]]) -> None:
    with as_user(user):
        with suppress(ZeroDivisionError), transaction.atomic():
            change(user)
            raise ZeroDivisionError
        feed.publish(user.pk, "project.changed", {"project": user.pk})
    assert [(one["seq"], one["event"]) for one in told(user)] == [(1, "project.changed")]


def test_nothing_is_told_before_the_commit(user: User, told: Callable[[User], list[Any]]) -> None:
    with transaction.atomic():
        with as_user(user):
            change(user)
        assert told(user) == []
    assert [one["seq"] for one in told(user)] == [1]


def test_the_system_tells_each_person_in_their_own_numbers(
    user: User, other_user: User, told: Callable[[User], list[Any]]
) -> None:
    with as_service("test"):
        for person in (user, other_user, user):
            change(person)
    assert [one["seq"] for one in told(user)] == [1, 2]
    assert [one["seq"] for one in told(other_user)] == [1]


def test_what_a_hook_of_the_systems_commit_changes_has_its_number_too(
    user: User, told: Callable[[User], list[Any]]
) -> None:
    def once_more() -> None:
        with as_service("test"):
            change(user)

    with as_service("test"):
        change(user)
        transaction.on_commit(once_more)
    assert [one["seq"] for one in told(user)] == [1, 2]


def test_people_tell_only_themselves(user: User, other_user: User) -> None:
    with pytest.raises(IdentityError), as_user(user):
        change(other_user)
    with pytest.raises(IdentityError):
        change(user)


WRONG: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("media.painted", {}, {}),
    ("media.changed", {}, {}),
    ("media.changed", {"media": 7}, {}),
    ("media.changed", {"media": "1", "prompt": "a castle"}, {}),
    ("media.changed", {"media": "1"}, {"prompt": "a castle"}),
    ("session.changed", {"session": "1"}, {"active": "yes"}),
    ("session.changed", {"session": "1"}, {"name": "x" * 20_000}),
]


def test_only_known_shapes_are_told(user: User) -> None:
    with as_user(user):
        for event, ids, fields in WRONG:
            with pytest.raises(ValueError):
                feed.publish(user.pk, event, ids, **fields)
    with pytest.raises(ValueError):
        feed.moment(user.pk, "job.progress", prompt="a castle")


@pytest.mark.parametrize("commits", [True, False])
def test_the_next_number_waits_for_the_commit_before(
    user: User, commits: bool, told: Callable[[User], list[Any]]
) -> None:
    """A number given out earlier but committed later would be a change that pages never see."""
    numbered, finish, second_done = (threading.Event() for _ in range(3))

    def first() -> None:
        with suppress(ZeroDivisionError), transaction.atomic():
            with as_user(user):
                change(user)
            numbered.set()
            finish.wait(10)
            if not commits:
                raise ZeroDivisionError

    def second() -> None:
        numbered.wait(10)
        with as_user(user):
            change(user)
        second_done.set()

    def clock() -> None:
        numbered.wait(10)
        assert not second_done.wait(0.3)
        finish.set()

    in_threads(first, second, clock)
    # Two commits that follow each other closely may be told in either order: a page sees the gap.
    assert sorted(one["seq"] for one in told(user)) == ([1, 2] if commits else [1])


def test_whoever_sees_a_number_sees_its_rows(user: User, told: Callable[[User], list[Any]]) -> None:
    """Each transaction makes one row and tells one change, so both counts agree at any moment."""
    writers, each = 4, 15
    done = threading.Event()
    looks: list[tuple[int, int]] = []
    query = "SELECT (SELECT coalesce(max(seq), 0) FROM feed_heads), (SELECT count(*) FROM projects)"

    def write() -> None:
        for _ in range(each):
            with as_user(user):
                Project.objects.create(user=user, name="x")
                feed.publish(user.pk, "project.changed", {"project": user.pk})

    def look() -> None:
        while not done.is_set():
            with as_user(user), connection.cursor() as cursor:
                cursor.execute(query)
                looks.append(cursor.fetchone())

    watcher = threading.Thread(target=lambda: in_threads(look))
    watcher.start()
    in_threads(*[write] * writers)
    done.set()
    watcher.join(10)
    assert all(seq == rows for seq, rows in looks)
    numbers = [one["seq"] for one in told(user)]
    assert sorted(numbers) == list(range(1, writers * each + 1))


def test_telling_early_holds_nobody_up(user: User) -> None:
    """One tells and then needs a row; the other has the row and then tells: no deadlock."""
    with as_user(user):
        project = Project.objects.create(user=user, name="x")
    has_told, has_row = threading.Event(), threading.Event()

    def tells_first() -> None:
        with as_user(user):
            change(user)
            has_told.set()
            has_row.wait(10)
            Project.objects.select_for_update().get(pk=project.pk)

    def tells_last() -> None:
        has_told.wait(10)
        with as_user(user):
            Project.objects.select_for_update().get(pk=project.pk)
            has_row.set()
            threading.Event().wait(0.2)
            change(user)

    in_threads(tells_first, tells_last)
    assert head(user) == 2


def test_what_is_committed_stays_without_redis(
    user: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    live.redis.cache_clear()
    try:
        with as_user(user):
            change(user)
        feed.moment(user.pk, "job.progress", job=user.pk, step=1, of=2)
    finally:
        live.redis.cache_clear()
    assert head(user) == 1
    for event in ("profile.changed", "job.progress"):
        assert f"Nobody was told ({event})" in caplog.text


def test_sending_keeps_few_connections(user: User, settings: Any) -> None:
    """From any thread, and however many: requests, workers' actors, plain threads."""
    client = Redis.from_url(settings.REDIS_URL)

    def connections() -> int:
        return int(client.info("clients")["connected_clients"])

    def send() -> None:
        for _ in range(5):
            feed.moment(user.pk, "job.progress", job=user.pk, step=1, of=2)

    before = connections()
    in_threads(*[send] * 60)
    assert connections() <= before + live.POOL
    live.redis().connection_pool.disconnect()
    wait_until(lambda: connections() <= before, 5, "all connections are closed")
    client.close()
