"""Numbers of settings as the reader's language writes them. Not for spans and sizes, which are
written by `templatetags/page.py`, nor for values that come back in a form.
"""

from __future__ import annotations

from typing import Any

from django.utils.formats import number_format


def written(value: Any) -> str:
    """Write 3.5 as "3.5" or "3,5", 3.0 as "3"; anything else as it is."""
    return number_format(f"{value:g}") if isinstance(value, float) else str(value)
