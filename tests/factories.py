"""Rows for tests, made as the system would make them and never as the person under test. Not for
factories of one app only: those subclass Factory in that app's tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import factory
from django.contrib.auth.hashers import make_password

from ourvidz.rows import as_service

PASSWORD = "a long enough passphrase"


@cache
def hashed_password() -> str:
    """PASSWORD as the site keeps it. Hashing is slow on purpose, so it is done once a process."""
    return make_password(PASSWORD)


class Factory(factory.django.DjangoModelFactory):
    """Makes its row `as_service`, so that the test itself still has no identity afterwards."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        with as_service("test data"):
            return super()._create(model_class, *args, **kwargs)


class UserFactory(Factory):
    """A person with a profile who can sign in with PASSWORD."""

    class Meta:
        model = "accounts.User"

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        password = kwargs.pop("password")
        with as_service("test data"):
            user = model_class.objects.create_user(*args, **kwargs)
            user.password = _hashed(password)
            user.save(update_fields=["password"])
            return user


@cache
def _hashed(password: str) -> str:
    """Hash a password once a process: it takes half a second, which most tests would wait for."""
    return make_password(password)
