"""`manage.py catalogue`: collect the strings of today into locale/ and compile what is translated.
Not for translating: that is done in the .po files, after which this runs once more.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Says per language how many strings are still to be translated."""

    help = "Collects strings into locale/*/LC_MESSAGES/django.po and compiles them."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        # Babel is a development requirement; the site must start without it.
        from ourvidz import catalogue

        for language in catalogue.languages():
            found = catalogue.renewed(language)
            path = catalogue.path_of(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(catalogue.written(found))
            kept = catalogue.stored(language)
            catalogue.path_of(language, "mo").write_bytes(catalogue.compiled(kept))
            missing = sum(1 for each in kept if each.id and not _translated(each.string))
            self.stdout.write(f"{language}: {len(kept)} strings, {missing} to be translated")


def _translated(string: Any) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)
