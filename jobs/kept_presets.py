"""The presets as they are now, without reading and unpacking them anew for every request: a stamp
of the table says whether those that this process read last are still true. For reading only:
whoever changes one takes it from `Preset.objects`.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from jobs.models import Preset

# Every update moves a row's version (xmin, ctid), committed or not; the table has a few dozen rows.
STAMP = "SELECT array_agg(xmin::text || ctid::text ORDER BY id) FROM model_presets"

_kept: tuple[list[str], Mapping[str, Preset]] = ([], {})


def by_slug() -> Mapping[str, Preset]:
    """Return every preset by its slug, in the order in which they are shown."""
    global _kept
    stamp = _stamp()
    known, presets = _kept
    if stamp != known:
        presets = {preset.slug: preset for preset in Preset.objects.all()}
        _kept = stamp, presets
    return presets


def preset_of(slug: str | None) -> Preset | None:
    """Return one preset, or None where there is none of that slug."""
    return by_slug().get(slug or "")


def _stamp() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(STAMP)
        return cursor.fetchone()[0] or []
