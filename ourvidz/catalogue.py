"""The catalogues of translations: which strings there are, locale/<language>/LC_MESSAGES/django.po
with what they are in a language, and its compiled form beside it. Works without GNU gettext; needs
Babel, which is among the development requirements. Not used while the site runs: Django reads the
compiled files by itself.
"""

from __future__ import annotations

import ast
import io
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("accounts", "jobs", "library", "ourvidz", "workspace", "workers")
# Runs on machines without Django, and says codes instead of sentences.
WITHOUT = ("workers/gpu/", "migrations/")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "_lazy": None,
    "gettext": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PRESETS = "jobs/presets.toml"
# What of a preset pages translate while they show it.
SHOWN = ("label", "help", "count_help")
WIDTH = 100
# Compiled files carry a date; with the real one, each run would change them.
DATE = datetime(2000, 1, 1, tzinfo=UTC)

Found = tuple[str, Any, str | None]


def languages() -> list[str]:
    """Return the languages that need a catalogue: all but the one the strings are written in."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def path_of(language: str, suffix: str = "po") -> Path:
    """Return where a language's catalogue is; `suffix` is po or mo."""
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / f"django.{suffix}"


def template() -> Catalog:
    """Return every string that can be translated, with the files it stands in."""
    made = Catalog(charset="utf-8")
    for name, message, context in _strings():
        made.add(message, locations=[(name, 0)], context=context)
    return made


def stored(language: str) -> Catalog:
    """Return a language's catalogue as it is kept; an empty one where there is none."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def renewed(language: str) -> Catalog:
    """Return the kept catalogue with the strings of today: new ones are empty, others are gone."""
    catalogue = stored(language)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return the text of a catalogue. Without line numbers and dates: only words change it."""
    file = io.BytesIO()
    write_po(
        file, catalogue, width=WIDTH, omit_header=True, include_lineno=False, sort_by_file=True
    )
    return _header(catalogue) + file.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """Return what Django reads."""
    catalogue.creation_date = catalogue.revision_date = DATE
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def _header(catalogue: Catalog) -> bytes:
    fields = {
        "Language": catalogue.locale_identifier,
        "Plural-Forms": catalogue.plural_forms,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = [f'"{name}: {value}\\n"' for name, value in fields.items()]
    return "\n".join(['msgid ""', 'msgstr ""', *lines, "", ""]).encode()


def _strings() -> Iterator[Found]:
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            name = path.relative_to(settings.BASE_DIR).as_posix()
            if not any(part in name for part in WITHOUT):
                yield from _in_python(name, path.read_text())
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.*")):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        # Indented as it is, the text would be no Python; what stands between the calls is blanked.
        lines = templatize(path.read_text(), origin=name).splitlines()
        yield from _in_calls(name, "\n".join(line.strip() for line in lines))
    presets = tomllib.loads((settings.BASE_DIR / PRESETS).read_text())
    yield from ((PRESETS, text, None) for text in _shown(presets))


def _in_python(name: str, text: str) -> Iterator[Found]:
    """Return the strings that a module gives to gettext; what it only looks up there is no string
    of its own.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KEYWORDS:
            given = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if given and isinstance(given[0], str):
                yield from _in_calls(name, f"{ast.unparse(node.func)}{tuple(given)!r}")


def _in_calls(name: str, text: str) -> Iterator[Found]:
    """Return the strings in the calls of gettext in a text."""
    file = io.BytesIO(text.encode())
    for _line, message, _comments, context in extract("python", file, keywords=KEYWORDS):
        if message:
            yield name, message, context


def _shown(value: Any) -> Iterator[str]:
    """Return the texts of a preset file that people read, wherever they stand."""
    if isinstance(value, dict):
        yield from (value[name] for name in SHOWN if isinstance(value.get(name), str))
        yield from (text for inner in value.values() for text in _shown(inner))
    elif isinstance(value, list):
        yield from (text for inner in value for text in _shown(inner))
