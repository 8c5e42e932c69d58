"""Bad requests and errors of ours: each is a problem in RFC 9457's shape, never a page, and never a
500 for what a client sent.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.throttling import ScopedRateThrottle

from tests.api.conftest import Api, is_problem


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/me", "/api/v1/", "/api/v1/nothing", "/api/v1/media/5", "/api/v1/me/"]
)
def test_an_address_that_leads_nowhere(path: str, api: Api, stranger: Api) -> None:
    assert is_problem(api.get(path), 404, "not_found")
    assert is_problem(stranger.post(path, {}), 404, "not_found")


def test_another_method(api: Api) -> None:
    answer = api.delete("sessions")
    assert is_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_answer_that_does_not_exist(api: Api) -> None:
    assert is_problem(api.get("me", Accept="text/html"), 406, "not_acceptable")


def test_a_body_of_another_type(api: Api) -> None:
    answer = api.client.post("/api/v1/projects", {"name": "x"})
    assert is_problem(answer, 415, "unsupported_media_type")


NESTED = b'{"prompt":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"prompt": "\\u0000"}',
        b'{"prompt": "\\ud800"}',
        b'{"\\u0000": 1}',
        b'{"parameters": {"a": ["\\u0000"]}}',
        b'{"seed": NaN}',
        b'{"parameters": {"guidance": 1e999}}',
        b'{"seed": ' + b"9" * 5000 + b"}",
        NESTED,
        json.dumps(
            {"parameters": [[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]}
        ).encode(),
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_json_that_cannot_be_kept(body: bytes, api: Api) -> None:
    assert is_problem(api.post("jobs", body), 400, "parse_error")


def test_a_body_without_end(api: Api) -> None:
    body = json.dumps({"prompt": "a" * 1_100_000, "preset": "x"}).encode()
    assert is_problem(api.post("jobs", body), 413, "body_too_large")


def test_errors_of_ours_say_nothing_of_their_cause(
    client_of: Any, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts import services

    def fail(**_: Any) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(services, "update_profile", fail)
    client: Client = client_of(user)
    client.raise_request_exception = False
    answer = Api(client).patch("me", {"theme": "dark"})
    assert is_problem(answer, 500, "unknown")
    assert b"secret" not in answer.content


def test_what_was_refused_wrote_nothing(api: Api) -> None:
    """The second half fails, and the first is gone too."""
    project = api.post("projects", {"name": "Winter"}).json()
    answer = api.patch(
        f"projects/{project['id']}",
        {"name": "Snow", "cover_id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b01"},
    )
    assert is_problem(answer, 404)
    assert api.get(f"projects/{project['id']}").json() == project


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "GET", "me"),
        ("write", "POST", "sessions"),
        ("generate", "POST", "jobs"),
        ("upload", "POST", "references"),
    ],
)
def test_too_much_at_once(
    scope: str, method: str, path: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    rates = {"read": "90/min", "write": "90/min", "generate": "90/min", "upload": "90/min"}
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", rates | {scope: "2/min"})
    for _ in range(2):
        assert api.ask(method, path, {}).status_code != 429
    answer = api.ask(method, path, {})
    assert is_problem(answer, 429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60
    # The other budgets are untouched.
    if scope != "read":
        assert api.get("me").status_code == 200
    cache.clear()


def test_the_language_of_a_problem_is_the_readers(api: Api) -> None:
    answer = api.get("nothing", **{"Accept-Language": "de"})
    assert is_problem(answer, 404, "not_found")
    assert answer["Content-Language"] == "de"
