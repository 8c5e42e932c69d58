"""A JSON parser that cannot be choked. It stands alone, since DRF imports it while it makes its
views. Not for checking what a request means: serializers and services do that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, parsers

from ourvidz.errors import Refused

JSON_MAX_BYTES = 1024 * 1024
# Deeper than any request of ours, and far from where Python's recursion ends.
JSON_MAX_DEPTH = 24


class JSONParser(parsers.JSONParser):
    """JSON that is small, flat enough, and made of values that PostgreSQL can keep."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        data = stream.read(JSON_MAX_BYTES + 1)
        if len(data) > JSON_MAX_BYTES:
            raise Refused("body_too_large", limit=JSON_MAX_BYTES // 1024)
        return read_json(data)


class ReportParser(parsers.MultiPartParser):
    """JSON in the field `report`, and files beside it."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        parsed = super().parse(stream, media_type, parser_context)
        report = read_json(str(parsed.data.get("report", "")).encode())
        return parsers.DataAndFiles(report, parsed.files)


def read_json(data: bytes) -> Any:
    """Return the value of a JSON document. Raises ParseError for what no column can keep."""
    try:
        value = json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise exceptions.ParseError(_("This is not valid JSON.")) from error
    _check(value)
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON.")


def _check(value: Any, depth: int = 0) -> None:
    """Refuse what no column can keep: NUL characters, half characters, endless numbers."""
    if depth > JSON_MAX_DEPTH:
        raise exceptions.ParseError(_("This is nested too deeply."))
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise exceptions.ParseError(_("A number is too large."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise exceptions.ParseError(_("A text has a character that cannot be kept. Remove it."))
