"""Where a webhook may lead: never into our own network, by whatever name or spelling. Not for what
is sent.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from accounts.models import User
from jobs.webhooks import guard, sending
from jobs.webhooks.services import create_webhook
from ourvidz.errors import Refused
from ourvidz.rows import as_user
from tests.jobs.test_webhooks import found_at

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.9.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2001:0:7f00:1::",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert not guard.may_connect(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "2002:808:808::"])
def test_a_public_address_is_not(address: str) -> None:
    assert guard.may_connect(ip_address(address))


def test_an_operator_allows_a_network(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["10.1.0.0/16", "fd00::/8"]
    assert guard.may_connect(ip_address("10.1.2.3"))
    assert guard.may_connect(ip_address("fd00::5"))
    assert not guard.may_connect(ip_address("10.2.0.1"))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.org/", "webhook_url"),
        ("ftp://hooks.example.org/", "webhook_url"),
        ("https://", "webhook_url"),
        ("https://me:secret@hooks.example.org/", "webhook_url"),
        ("https://hooks.example.org:port/", "webhook_url"),
        ("https://hooks.example.org/\nX-Header: 1", "webhook_url"),
        ("https://höoks.example.org/", "webhook_url"),
        ("https://[::1", "webhook_url"),
        ("https://hooks.example.org/" + "a" * 2000, "webhook_url"),
        ("https://127.0.0.1/", "webhook_private"),
        ("https://[::1]:8000/", "webhook_private"),
        ("https://[::ffff:10.0.0.1]/", "webhook_private"),
        ("https://169.254.169.254/latest/meta-data", "webhook_private"),
        ("https://localhost/", "webhook_private"),
    ],
)
@pytest.mark.django_db
def test_a_bad_address_is_never_kept(user: User, url: str, code: str) -> None:
    with as_user(user), pytest.raises(Refused) as caught:
        create_webhook(user=user, url=url)
    assert (caught.value.code, caught.value.field) == (code, "url")


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1%eth0"]])
def test_a_name_that_leads_inside_is_not_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("It connected.")

    monkeypatch.setattr(socket, "getaddrinfo", found_at(*addresses))
    monkeypatch.setattr(socket, "create_connection", never)
    assert sending.post("https://rebound.example/", [], b"{}").error == "webhook_private"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "127.1"])
def test_other_spellings_of_this_machine_lead_nowhere(host: str) -> None:
    """The system reads them as 127.0.0.1, so they are looked at like any name."""
    result = sending.post(f"https://{host}/", [], b"{}")
    assert result.error in ("webhook_private", "webhook_name")


def test_the_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that means another address a moment later: the second meaning is never asked for."""
    answers = iter([found_at("8.8.8.8"), found_at("127.0.0.1")])
    connected: list[Any] = []

    def connect(address: Any, *args: Any, **kwargs: Any) -> None:
        connected.append(address)
        raise OSError("no network in a test")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: next(answers)(*args, **kw))
    monkeypatch.setattr(socket, "create_connection", connect)
    assert sending.post("https://rebound.example/", [], b"{}").error == "webhook_connect"
    assert connected == [("8.8.8.8", 443)]


def test_a_name_that_is_nobodys_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert sending.post("https://nobody.example/", [], b"{}").error == "webhook_name"
