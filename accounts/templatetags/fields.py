"""Template tags for the fields of Django forms, with our classes and with the errors tied to them.
Not for the dock's own inputs.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def input_of(field: BoundField, **attributes: Any) -> SafeString:
    """Write a field's widget; extra attributes are given with underscores for dashes."""
    attrs = {name.replace("_", "-"): value for name, value in attributes.items() if value != ""}
    is_choice = getattr(field.field.widget, "input_type", "") == "select"
    attrs["class"] = "input select" if is_choice else "input"
    described = [f"{field.id_for_label}-help"] if field.help_text else []
    if field.errors:
        attrs["aria-invalid"] = "true"
        attrs["autofocus"] = True
        described.append(f"{field.id_for_label}-error")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)
