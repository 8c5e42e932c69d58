"""The sign-in and sign-up forms, with the names that scripts and screen readers rely on. Not for
the account page's forms.
"""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_fields(self, "login", "password")


class SignUpForm(SignupForm):
    """E-mail and one password: a mistyped one is mended by a mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_fields(self, "email", "password1")


def _name_fields(form: Any, email: str, password: str) -> None:
    form.fields[email].label = _("Email")
    form.fields[password].label = _("Password")
    for name in (email, password):
        form.fields[name].widget.attrs.pop("placeholder", None)
