"""Changing the password leads back to the account page. Not for the forgotten one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_new_password_leads_back_to_the_account(user: Any, client_of: Any) -> None:
    client = client_of(user)
    new = "another long passphrase"
    values = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    answer = client.post("/accounts/password/change/", values)
    assert (answer.status_code, answer.get("Location")) == (302, "/account/"), answer.content
    page = client.get("/account/").content.decode()
    assert "Password successfully changed." in page
