"""`manage.py worker_token NAME`: makes a worker, or a new token for one, and prints it once. Not
for revoking one: operators do that in the admin.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ourvidz.errors import Refused
from ourvidz.rows import as_service
from workers.services import issue_worker_token


class Command(BaseCommand):
    help = "Print a new token for the worker NAME (OURVIDZ_WORKER_TOKEN); an older one ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="How operators will know the worker.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_service("worker token"):
                secret = issue_worker_token(name=options["name"])
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(secret)
