"""The accounts app. Not for logic: see services.py."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    # allauth's app is called "Accounts" already: operators see both.
    verbose_name = _("People")
