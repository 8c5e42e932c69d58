"""Rows for tests, made as the system would make them and never as the person under test. Not for
factories of one app only: those subclass Factory in that app's tests.
"""

from __future__ import annotations

from typing import Any

import factory

from ourvidz.rows import as_service

PASSWORD = "a long enough passphrase"


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
        with as_service("test data"):
            return model_class.objects.create_user(*args, **kwargs)
