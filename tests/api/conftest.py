"""Clients of the API, as a person or with a token. Not for what the services themselves do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import issue_token
from ourvidz.rows import as_service

V1 = "/api/v1/"


class Api:
    """A client of one person: paths are relative to /api/v1/, bodies and answers are JSON."""

    def __init__(self, client: Client, **headers: str) -> None:
        self.client = client
        self.headers = headers

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        path = path if path.startswith(("/", "http")) else V1 + path
        return self.client.generic(
            method,
            path,
            _bytes(body),
            content_type="application/json",
            headers={**self.headers, **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.ask("DELETE", path)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def is_problem(response: Any, status: int, code: str = "") -> bool:
    """Return whether an answer is a problem in RFC 9457's shape, of that status and code."""
    assert response.status_code == status, (response.status_code, response.content[:400])
    assert response["Content-Type"] == "application/problem+json", response["Content-Type"]
    body = response.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "code"} <= set(body)
    assert not code or body["code"] == code, body
    return True


@pytest.fixture
def api_of(client_of: Callable[[User], Client]) -> Callable[[User], Api]:
    """Return a function that gives the API as a person who signed in."""
    return lambda person: Api(client_of(person))


@pytest.fixture
def api(api_of: Callable[[User], Api], user: User) -> Api:
    """The API as `user`."""
    return api_of(user)


@pytest.fixture
def stranger(database: None) -> Api:
    """The API as nobody."""
    return Api(Client())


@pytest.fixture
def token_api(database: None) -> Callable[..., Api]:
    """Return a function that gives the API with a new token of a person's."""

    def with_token(person: User, *scopes: str, **more: Any) -> Api:
        with as_service("test token"):
            _token, secret = issue_token(user=person, name="Test", scopes=scopes, **more)
        return Api(Client(), Authorization=f"Bearer {secret}")

    return with_token
