"""`manage.py cleanup`: tidies the storage now, or says with --dry-run what it would do. Not for the
database's own housekeeping.
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from ourvidz.storage.sweep import GRACE, sweep


class Command(BaseCommand):
    help = (
        "Remove files that no row points at and rows whose time is over, and bring home what lies "
        "in the alternative storage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only count, change nothing.")
        parser.add_argument(
            "--grace-hours",
            type=float,
            default=GRACE.total_seconds() / 3600,
            help="Leave files alone that are younger than this (default: 24).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        grace = timedelta(hours=options["grace_hours"])
        report = sweep(dry_run=options["dry_run"], grace=grace)
        for line in report.lines():
            self.stdout.write(line)
