"""What allauth asks of us: whether sign-up is open, and that a new account gets its profile. Not
for how the forms look.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Profile, User
from accounts.preferences import guessed
from ourvidz import feed


class AccountAdapter(DefaultAccountAdapter):
    """Our answers to allauth's questions."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGN_UP_OPEN

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user = super().save_user(request, user, form, commit=commit)
        if commit:
            Profile.objects.get_or_create(user=user, defaults=guessed(request))
        return user

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if user.is_authenticated:
            feed.check_access(user.pk)

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        feed.check_access(user.pk)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account:home")
