"""Where an API token counts: in the API and for files, and nowhere else. Not for its scopes there:
see tests/api.
"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import issue_token
from ourvidz import rows

pytestmark = pytest.mark.django_db


def client_with_token(user: User) -> Client:
    with rows.as_user(user):
        _, secret = issue_token(user=user, name="a script", scopes=["read", "write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_token_opens_the_api(user: User) -> None:
    assert client_with_token(user).get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("path", ["/workspace/", "/library/", "/account/", "/admin/"])
def test_a_token_opens_no_page(path: str, staff: User) -> None:
    """Pages know no scopes, and the admin sees everybody's rows."""
    answer = client_with_token(staff).get(path)
    assert answer.status_code == 302
    assert "login/?next=" in answer.headers["Location"]
