"""`manage.py worker_pool NAME`: makes a pool that operators then fill in the admin, or a new
enrolment token for one, and prints the token once. Not for starting machines.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ourvidz.rows import as_service
from workers.models import WorkerPool
from workers.scaling.enrolment import issue_enrolment_token

QUEUES = ["gpu.image", "gpu.video"]


class Command(BaseCommand):
    help = "Print a new enrolment token for the pool NAME (OURVIDZ_POOL_TOKEN); an older one ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The pool: small letters, digits and hyphens.")
        parser.add_argument("--provider", choices=WorkerPool.Provider.values, default="kubernetes")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_service("worker pool"):
            pool, _created = WorkerPool.objects.get_or_create(
                name=options["name"],
                defaults={"provider": options["provider"], "queues": QUEUES},
            )
            self.stdout.write(issue_enrolment_token(pool=pool))
