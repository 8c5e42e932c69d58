"""`manage.py bootstrap_database --admin-url …`: makes the roles, the database and the grants on a
PostgreSQL server of yours, 16 or newer, before the first migration. Run again, it changes nothing.
The embedded server needs no such step.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management.base import BaseCommand, CommandError

from ourvidz.embedded.addresses import OWNER
from ourvidz.embedded.roles import BootstrapFailed, Passwords, bootstrap


class Command(BaseCommand):
    help = "Make the roles, the database and the grants that DATABASE_URL needs."
    requires_system_checks: list[str] = []  # they ask the database, which may not exist yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--admin-url", required=True, help="postgresql://… of an administrator."
        )
        parser.add_argument(
            "--backup-password", default="", help="Lets the role ourvidz_backup log in with it."
        )

    def handle(self, *args: Any, admin_url: str, backup_password: str, **options: Any) -> None:
        url = urlsplit(os.environ.get("DATABASE_URL", ""))
        name, password = url.path.lstrip("/"), unquote(url.password or "")
        if url.username != OWNER or not password or not name:
            raise CommandError(
                f"Set DATABASE_URL first, with the user {OWNER}, the password it shall get and the "
                f"database: postgresql://{OWNER}:PASSWORD@HOST/{OWNER}"
            )
        passwords = Passwords(owner=password, backup=backup_password)
        try:
            notes = bootstrap(admin_url, database=name, passwords=passwords)
        except BootstrapFailed as error:
            raise CommandError(str(error)) from error
        for note in notes:
            self.stderr.write(note)
        self.stdout.write(f"The database {name} is ready. Next: manage.py migrate")
