"""`manage.py first_operator`: makes an operator where there is none, and a link that signs one in
once. `manage.py up` shows what it prints. Not for more operators: those are made in the admin.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import create_account, one_time_link
from ourvidz.errors import Refused
from ourvidz.rows import as_service

PASSWORD_BYTES = 12


class Command(BaseCommand):
    help = "Print JSON: an operator's email, a link's path, and the password of one just made."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_service("first operator"):
                operator, password = _operator()
                link = one_time_link(user=operator)
        except Refused as error:
            raise CommandError(f"OURVIDZ_OPERATOR_EMAIL: {error}") from error
        found = {"email": operator.email, "password": password, "link": link}
        self.stdout.write(json.dumps(found))


def _operator() -> tuple[User, str]:
    """Return the oldest operator, or a new one with the password that only this moment knows."""
    operators = User.objects.filter(is_staff=True, is_superuser=True, is_active=True)
    if found := operators.order_by("date_joined").first():
        return found, ""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    email = settings.OPERATOR_EMAIL
    return create_account(email=email, password=password, is_staff=True), password
