"""The socket as the outside sees it: who gets in, what it says, what it refuses, when it closes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import User
from ourvidz import consumers, feed, live
from ourvidz.rows import as_service, as_user
from tests.factories import PASSWORD
from tests.realtime.tab import Tab, signed_in
from tests.site import LiveSite, wait_until


def change(user: User, event: str = "profile.changed", **ids: Any) -> None:
    with as_user(user):
        feed.publish(user.pk, event, ids)


def test_changes_arrive_in_order_with_their_numbers(live_site: LiveSite, user: User) -> None:
    media = uuid4()
    with Tab(live_site, signed_in(user)) as tab:
        assert tab.hello() == 0
        change(user)
        change(user, "media.changed", media=media)
        first, second = tab.next(), tab.next()
        assert tab.hello(2) == 2
    assert first == {
        "type": "change",
        "seq": 1,
        "event": "profile.changed",
        "ids": {},
        "fields": {},
    }
    assert (second["seq"], second["ids"]) == (2, {"media": str(media)})


def test_the_head_counts_what_happened_before(live_site: LiveSite, user: User) -> None:
    change(user)
    change(user)
    with Tab(live_site, signed_in(user)) as tab:
        assert tab.hello(0) == 2


def test_moments_pass_straight_through(live_site: LiveSite, user: User) -> None:
    job = uuid4()
    with Tab(live_site, signed_in(user)) as tab:
        tab.hello()
        feed.moment(user.pk, "job.progress", job=job, step=3, of=20, preview="data:image/webp;,")
        heard = tab.next("moment")
    assert heard["event"] == "job.progress"
    assert heard["fields"] == {
        "job": str(job),
        "step": 3,
        "of": 20,
        "preview": "data:image/webp;,",
    }


def test_nobody_hears_another_person(live_site: LiveSite, user: User, other_user: User) -> None:
    with Tab(live_site, signed_in(user)) as mine, Tab(live_site, signed_in(other_user)) as theirs:
        mine.hello()
        theirs.hello()
        change(user)
        feed.moment(user.pk, "job.progress", job=uuid4(), step=1, of=2)
        assert mine.next()["type"] == "change"
        assert mine.next()["type"] == "moment"
        assert theirs.silent()


def test_every_tab_of_a_person_hears(live_site: LiveSite, user: User) -> None:
    with Tab(live_site, signed_in(user)) as one, Tab(live_site, signed_in(user)) as two:
        one.hello()
        two.hello()
        change(user)
        assert one.next("change") == two.next("change")


def test_only_operators_hear_of_the_fleet(live_site: LiveSite, user: User, staff: User) -> None:
    with Tab(live_site, signed_in(staff)) as operator, Tab(live_site, signed_in(user)) as person:
        operator.hello()
        person.hello()
        feed.staff_moment("fleet.worker", name="gpu-1", status="active")
        assert operator.next("moment")["fields"] == {"name": "gpu-1", "status": "active"}
        assert person.silent()


def test_a_stranger_is_told_to_sign_in(live_site: LiveSite) -> None:
    for session in ("", "forged", "a" * 32):
        with Tab(live_site, session) as tab:
            assert tab.close_code() == consumers.NOT_SIGNED_IN, session


def test_other_origins_are_refused(live_site: LiveSite, user: User) -> None:
    session = signed_in(user)
    foreign = ("https://evil.example", "http://localhost:1", "http://127.0.0.1", "null", None)
    for origin in foreign:
        with pytest.raises(InvalidStatus) as refused:
            Tab(live_site, session, origin=origin)
        assert refused.value.response.status_code == 403, origin


FORGERIES: list[Any] = [
    "",
    "not json",
    "[]",
    "null",
    "1",
    "[" * 200,
    '"hello"',
    {"type": "hello"},
    {"type": "hello", "head": "1"},
    {"type": "hello", "head": -1},
    {"type": "hello", "head": True},
    {"type": "hello", "head": 1.5},
    {"type": "hello", "head": None, "group": "user.0"},
    {"type": "feed.change", "head": 1},
    {"type": "feed_access", "head": 1},
    {"type": "websocket.disconnect", "head": 1},
    {"type": ["hello"], "head": 1},
    b"\x00\x01",
    json.dumps({"type": "hello", "head": None}).encode(),
]


def test_what_no_page_says_closes_the_socket(live_site: LiveSite, user: User) -> None:
    session = signed_in(user)
    for message in FORGERIES:
        with Tab(live_site, session) as tab:
            tab.say(message)
            assert tab.close_code() == consumers.UNREADABLE, message


def test_a_long_message_closes_the_socket(live_site: LiveSite, user: User) -> None:
    with Tab(live_site, signed_in(user)) as tab:
        tab.say("x" * 1000)
        assert tab.close_code() == consumers.TOO_LARGE


def test_a_huge_message_is_not_even_collected(live_site: LiveSite, user: User) -> None:
    """The server hangs up in the middle of it, so that its code may not arrive."""
    with Tab(live_site, signed_in(user)) as tab:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(100):
                tab.say("x" * 1_000_000)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_a_chatterer_is_sent_away(live_site: LiveSite, user: User) -> None:
    with Tab(live_site, signed_in(user)) as tab:
        for _ in range(consumers.GREETINGS + 2):
            tab.say({"type": "hello", "head": None})
        assert tab.close_code() == consumers.TOO_MANY


def test_a_socket_names_no_group(live_site: LiveSite, user: User, other_user: User) -> None:
    """Nothing that a page sends is used as a name, and nobody reads its query."""
    query = f"?group={feed.group_of(other_user.pk)}&user={other_user.pk}"
    with Tab(live_site, signed_in(user), query=query) as tab:
        tab.hello()
        change(other_user)
        assert tab.silent()


def sign_out(user: User, session: str) -> None:
    Session.objects.filter(pk=session).delete()


def switch_off(user: User, session: str) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User, session: str) -> None:
    user.set_password("another long passphrase")
    user.save()


def expire(user: User, session: str) -> None:
    Session.objects.filter(pk=session).update(expire_date="2000-01-01T00:00Z")


def change_rights(user: User, session: str) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)


REVOCATIONS = {
    sign_out: consumers.NOT_SIGNED_IN,
    expire: consumers.NOT_SIGNED_IN,
    change_rights: consumers.RIGHTS_CHANGED,
    change_password: consumers.NOT_SIGNED_IN,
    switch_off: consumers.NOT_SIGNED_IN,
}


def test_revoking_closes_the_socket_at_once(live_site: LiveSite, user: User) -> None:
    for revoke, code in REVOCATIONS.items():
        session = signed_in(user)
        with Tab(live_site, session) as tab:
            tab.hello()
            with as_service("test revocation"):
                revoke(user, session)
                feed.check_access(user.pk)
            assert tab.close_code() == code, revoke


def test_signing_out_closes_only_that_session(live_site: LiveSite, user: User) -> None:
    gone, kept = signed_in(user), signed_in(user)
    with Tab(live_site, gone) as first, Tab(live_site, kept) as second:
        first.hello()
        second.hello()
        with as_service("test revocation"):
            sign_out(user, gone)
            feed.check_access(user.pk)
        assert first.close_code() == consumers.NOT_SIGNED_IN
        change(user)
        assert second.next("change")["seq"] == 1


def test_the_sign_out_page_closes_the_socket(
    live_site: LiveSite, user: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(user)
    with Tab(live_site, client.cookies["sessionid"].value) as tab:
        tab.hello()
        client.post("/accounts/logout/")
        assert tab.close_code() == consumers.NOT_SIGNED_IN


def test_a_new_password_closes_sockets_elsewhere(
    live_site: LiveSite, user: User, client_of: Callable[[User], Client]
) -> None:
    client, new = client_of(user), "another long passphrase"
    with Tab(live_site, signed_in(user)) as tab:
        tab.hello()
        fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        client.post("/accounts/password/change/", fields)
        assert tab.close_code() == consumers.NOT_SIGNED_IN


def test_a_tab_that_leaves_frees_what_it_held(live_site: LiveSite, user: User) -> None:
    def subscriptions() -> int:
        return len(live.redis().pubsub_channels())

    before = subscriptions()
    tabs = [Tab(live_site, signed_in(user)) for _ in range(5)]
    for tab in tabs:
        tab.hello()
    assert subscriptions() > before
    for tab in tabs:
        tab.socket.close()
    wait_until(lambda: subscriptions() == before, 5, "all subscriptions are gone")
