"""Getting in and out, and the account page, in a real browser: sign-up, sign-in, a forgotten
password, theme, time zone, tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import ApiToken, Profile, User
from ourvidz import rows
from tests.factories import PASSWORD
from tests.site import wait_until

Screenshot = Callable[[str], None]
PATIENCE = 45_000  # milliseconds; a busy machine is slow, not wrong


@pytest.fixture(autouse=True)
def patience(page: Page) -> None:
    expect.set_options(timeout=PATIENCE)
    page.context.set_default_timeout(PATIENCE)


def profile_of(email: str) -> Profile:
    with rows.as_service("test"):
        return User.objects.get(email=email).profile


def mails(data_dir: Path) -> str:
    """Return all mails that were written, the latest last."""
    files = sorted((data_dir / "mail").glob("*"), key=lambda path: path.stat().st_mtime)
    return "\n".join(path.read_text() for path in files)


def fill(page: Page, email: str, password: str, button: str) -> None:
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name=button, exact=True).click()


def test_sign_up_out_and_in(page: Page, screenshot: Screenshot) -> None:
    page.goto("/accounts/signup/")
    screenshot("sign-up")
    fill(page, "eve@example.org", PASSWORD, "Create account")
    page.wait_for_url("**/workspace/**")
    assert profile_of("eve@example.org").time_zone
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    screenshot("sign-in")
    fill(page, "eve@example.org", "wrong" + PASSWORD, "Sign in")
    expect(page.get_by_role("alert")).to_be_visible()
    fill(page, "EVE@example.org", PASSWORD, "Sign in")
    page.wait_for_url("**/workspace/**")


def test_signing_out_empties_the_browsers_memory(page: Page, user: Any, sign_in: Any) -> None:
    sign_in(page, user)
    page.goto("/account/")
    page.evaluate("sessionStorage.setItem('ourvidz.draft', '\"a secret\"')")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate("sessionStorage.getItem('ourvidz.draft')") is None


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("new@example.org", "12345678", "common"),
        ("not an address", PASSWORD, "valid"),
    ],
)
def test_a_bad_sign_up_says_why(
    page: Page, user: Any, email: str, password: str, words: str
) -> None:
    page.goto("/accounts/signup/")
    page.locator("form.form").evaluate("form => form.noValidate = true")
    fill(page, email, password, "Create account")
    expect(page.get_by_role("alert").first).to_contain_text(words)


def test_a_forgotten_password(
    page: Page, screenshot: Screenshot, user: Any, data_dir: Path
) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgotten?").click()
    page.get_by_label("Email", exact=True).fill(user.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    screenshot("password-reset")
    link = re.findall(r"(/accounts/password/reset/key/\S+)", mails(data_dir))[-1]
    page.goto(link)
    for label in ("New Password", "New Password (again)"):
        page.get_by_label(label, exact=True).fill("another long passphrase")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("heading", name="Your password is changed")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="This link is used up")).to_be_visible()
    page.goto("/accounts/login/")
    fill(page, user.email, "another long passphrase", "Sign in")
    page.wait_for_url("**/workspace/**")


def test_an_unknown_address_is_told_nothing(page: Page, live_site: Any, data_dir: Path) -> None:
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email", exact=True).fill("nobody@example.org")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()


def test_theme_and_time_zone(page: Page, screenshot: Screenshot, user: Any, sign_in: Any) -> None:
    sign_in(page, user)
    page.goto("/account/")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_label("Name", exact=True).first.fill("Ada")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    screenshot("account-dark")
    kept = profile_of(user.email)
    assert (kept.time_zone, kept.theme, kept.display_name) == ("Europe/Berlin", "dark", "Ada")
    page.get_by_role("button", name=re.compile("Theme")).click()  # the switch: dark → system
    expect(page.locator("html")).to_have_attribute("data-theme", "system")
    wait_until(lambda: profile_of(user.email).theme == "system", 20, "the theme is kept")


def test_a_token_is_shown_once(
    page: Page, screenshot: Screenshot, user: Any, sign_in: Any, live_site: Any
) -> None:
    sign_in(page, user)
    page.goto("/account/")
    tokens = page.get_by_role("region", name="API tokens")
    tokens.get_by_label("Name", exact=True).fill("Nightly script")
    tokens.get_by_role("checkbox", name="Write").check()
    tokens.get_by_role("button", name="Make a token").click()
    secret = page.locator("[data-secret]").inner_text()
    screenshot("account-token")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert page.request.get("/api/v1/me", headers=bearer).ok
    page.goto("/account/")
    assert secret not in page.content()
    with rows.as_user(user):
        token = ApiToken.objects.get()
        assert token.scopes == ["read", "write"] and token.expires_at
        assert secret not in str(token.__dict__)
    page.get_by_role("button", name="Revoke Nightly script").click()
    expect(page.get_by_role("button", name="Revoke Nightly script")).to_be_hidden()
    page.context.clear_cookies()
    assert page.request.get("/api/v1/me", headers=bearer).status == 401


def test_a_token_needs_a_name_and_a_right(page: Page, user: Any, sign_in: Any) -> None:
    sign_in(page, user)
    page.goto("/account/")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def test_the_password_is_changed(page: Page, user: Any, sign_in: Any) -> None:
    sign_in(page, user)
    page.goto("/account/")
    page.get_by_role("link", name=re.compile("Password")).click()
    page.get_by_label("Current Password").fill(PASSWORD)
    for label in ("New Password", "New Password (again)"):
        page.get_by_label(label, exact=True).fill("another long passphrase")
    page.get_by_role("button", name="Change password").click()
    page.wait_for_url("**/account/")
    expect(page.get_by_text("Password successfully changed.")).to_be_visible()
