"""The sign-in and sign-up forms, with the names that scripts and screen readers rely on. Not for
the account page's forms.
"""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ourvidz.errors import sentence


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

    def clean_email(self) -> str:
        """allauth looks for the address in lower case only; an operator may have typed another."""
        email = super().clean_email()
        if not self.account_already_exists and User.objects.filter(email__iexact=email).exists():
            raise ValidationError(sentence("email_taken"), "email_taken")
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save, unless somebody with the same address was quicker: then the way is to sign in."""
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:
            messages.error(request, sentence("email_taken"))
            return None, redirect(settings.LOGIN_URL)


def _name_fields(form: Any, email: str, password: str) -> None:
    form.fields[email].label = _("Email")
    form.fields[password].label = _("Password")
    for name in (email, password):
        form.fields[name].widget.attrs.pop("placeholder", None)
