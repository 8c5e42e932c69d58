"""Keeps the stores tidy: removes what no row points at, removes rows whose time is over together
with their files, and brings home what had to go to the alternative storage. Called by `manage.py
cleanup`, by the admin and by the scheduler. Not for what a person asked to delete: that is at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ourvidz.rows import as_service
from ourvidz.storage import keys, objects, places, rows
from ourvidz.storage.folder import INCOMING
from ourvidz.storage.place import FAILURES, Held

log = logging.getLogger(__name__)

# A running job's file has no row that points at it yet, and a page may still show what was deleted.
GRACE = timedelta(hours=24)
OBJECTS = 500
ROWS = 200


@dataclass
class Report:
    """What a sweep found and did; in a dry run, what it would have done. Sizes in bytes."""

    dry_run: bool
    looked_at: int = 0
    expired: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    unfinished: int = 0
    brought_home: int = 0
    still_away: int = 0
    failures: int = 0

    def lines(self) -> list[str]:
        """Return the counts as sentences."""
        found = [
            _("%(looked_at)s files looked at."),
            _("%(expired)s rows removed whose time was over."),
            _("%(orphans)s files removed that belonged to nothing (%(orphan_bytes)s bytes)."),
            _("%(unfinished)s unfinished files removed."),
            _("%(brought_home)s files brought home from the alternative storage."),
            _("%(still_away)s files still in the alternative storage."),
            _("%(failures)s failures; see the log."),
        ]
        first = [_("Dry run: nothing was changed.")] if self.dry_run else []
        return first + [line % vars(self) for line in found]


def sweep(
    *, dry_run: bool = False, now: datetime | None = None, grace: timedelta = GRACE
) -> Report:
    """Do everything once. Files younger than `grace` are left alone, whatever they are."""
    now = now or timezone.now()
    report = Report(dry_run)
    _remove_expired(report, now)
    _bring_home(report)
    for place_name in (places.PRIMARY, places.ALTERNATIVE):
        try:
            _remove_orphans(report, place_name, now - grace)
        except FAILURES as error:
            _failed(report, place_name, error)
    return report


def bring_home(*, dry_run: bool = False) -> Report:
    """Only bring home what is in the alternative storage. Cheap where that is empty."""
    report = Report(dry_run)
    _bring_home(report)
    return report


def _remove_expired(report: Report, now: datetime) -> None:
    for kind in rows.kinds():
        if report.dry_run:
            with as_service("sweep"):
                report.expired += _expired(kind, now).count()
            continue
        while found := _remove_some_expired(kind, now):
            report.expired += found
    # After the rows with files, which may be all that held one of these.
    for expired in rows.expiring():
        with as_service("sweep"):
            over = expired(now)
            report.expired += over.count() if report.dry_run else over.delete()[0]


def _remove_some_expired(kind: rows.FileKind, now: datetime) -> int:
    with as_service("sweep"):
        # One person after the other: announcing takes a lock on each one's feed.
        found = list(
            _expired(kind, now).select_for_update(skip_locked=True).order_by("user_id")[:ROWS]
        )
        kind.rows().filter(pk__in=[row.pk for row in found]).delete()
        objects.discard(
            objects.Where(row.bucket_name, row.storage_path, row.storage_place)
            for row in found
            if row.has_file
        )
        for row in found:
            if row.deleted_at is None:
                kind.removed(row)
    return len(found)


def _expired(kind: rows.FileKind, now: datetime) -> Any:
    found = kind.rows()
    over = Q(deleted_at__lt=now - timedelta(days=settings.BIN_DAYS))
    if any(field.name == "expires_at" for field in found.model._meta.fields):
        over |= Q(expires_at__lt=now)
    return found.filter(over)


def _bring_home(report: Report) -> None:
    try:
        for batch in _batches(places.place(places.ALTERNATIVE).walk(), ROWS):
            used = _used(batch)
            for held in (held for held in batch if held.name in used):
                _bring_one_home(report, held)
    except FAILURES as error:
        _failed(report, places.ALTERNATIVE, error)


def _bring_one_home(report: Report, held: Held) -> None:
    if report.dry_run:
        report.brought_home += 1
        return
    try:
        _copy_home(held)
        bucket, key = held.name.split("/", 1)
        with as_service("sweep"):
            for kind in rows.kinds():
                away = kind.rows().filter(bucket_name=bucket, storage_path=key)
                away.filter(storage_place=places.ALTERNATIVE).update(storage_place=places.PRIMARY)
            transaction.on_commit(lambda: places.place(places.ALTERNATIVE).delete([held.name]))
        report.brought_home += 1
    except FAILURES as error:
        report.still_away += 1
        _failed(report, places.PRIMARY, error)


def _copy_home(held: Held) -> None:
    away, home = places.place(places.ALTERNATIVE), places.place(places.PRIMARY)
    mime_type = keys.mime_type_of(held.name)
    with away.open(held.name) as file:
        home.write(held.name, file, mime_type)
    with away.open(held.name) as file, home.open(held.name) as copy:
        # The only other copy is deleted next.
        if objects.measure(file) != objects.measure(copy):
            raise OSError(f"{held.name} came home changed")


def _remove_orphans(report: Report, place_name: str, before: datetime) -> None:
    place = places.place(place_name)
    for batch in _batches(place.walk(), OBJECTS):
        report.looked_at += len(batch)
        old = [held for held in batch if held.changed_at < before]
        unfinished = [held for held in old if held.name.startswith(f"{INCOMING}/")]
        orphans = _orphans(old)
        if not report.dry_run:
            place.delete(held.name for held in (*unfinished, *orphans))
        report.unfinished += len(unfinished)
        report.orphans += len(orphans)
        report.orphan_bytes += sum(held.bytes for held in orphans)


def _orphans(found: Iterable[Held]) -> list[Held]:
    """Return those files of people that no row points at. What is not ours is left alone."""
    mine = [held for held in found if _is_ours(held.name)]
    used = _used(mine)
    return [held for held in mine if held.name not in used]


def _is_ours(name: str) -> bool:
    bucket, _slash, key = name.partition("/")
    return bucket in keys.BUCKETS and bucket != keys.ASSETS and keys.owner_in(key) is not None


def _used(found: Iterable[Held]) -> set[str]:
    """Return the names that a row needs: its file, and the thumbnail beside it."""
    wanted: dict[str, dict[str, list[str]]] = {}
    for held in found:
        bucket, _slash, key = held.name.partition("/")
        for original in keys.originals_of(key):
            wanted.setdefault(bucket, {}).setdefault(original, []).append(held.name)
    with as_service("sweep"):
        return {
            name
            for bucket, names in wanted.items()
            for key in rows.keys_in_use(bucket, names)
            for name in names[key]
        }


def _batches(found: Iterator[Held], size: int) -> Iterator[list[Held]]:
    while batch := list(islice(found, size)):
        yield batch


def _failed(report: Report, place_name: str, error: BaseException) -> None:
    report.failures += 1
    log.warning("The %s storage failed during the sweep: %s", place_name, error)
