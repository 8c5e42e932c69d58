"""The accounts app. Not for logic: see services.py."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
