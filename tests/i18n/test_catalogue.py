"""The catalogues are whole: every string of today is translated, with the placeholders and tags of
its original, and what Django reads was compiled from it. And templates say nothing on their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings

from ourvidz import catalogue

LANGUAGES = catalogue.languages()
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd%]|</?\w+>")
SHOWN = {"aria-label", "title", "placeholder", "alt", "content"}
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|&\w+;", re.DOTALL)
BLOCKS = re.compile(
    r"\{%\s*(blocktrans|comment|block body_class).*?\{%\s*end(?:blocktrans|comment|block).*?%\}",
    re.DOTALL,
)
WORD = re.compile(r"[^\W\d_]{3,}")
# Names, the same in every language; and keys, which the keyboard says.
NAMES = {"OurVidz", "Esc", "Enter", "Alt", "Ctrl", "Shift", "Del", "Tab", "API"}


@cache
def template() -> Catalog:
    return catalogue.template()


def forms(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, (tuple, list)) else [str(value)]


def messages(language: str) -> list[Message]:
    return [each for each in catalogue.stored(language) if each.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_translated(language: str) -> None:
    kept = {(forms(each.id)[0], each.context): each for each in messages(language)}
    for each in template():
        if each.id:
            found = kept.get((forms(each.id)[0], each.context))
            assert found and all(forms(found.string)), f"{each.id!r}: run `manage.py catalogue`"
            assert not found.fuzzy, each.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_is_kept_that_nothing_says(language: str) -> None:
    today = {forms(each.id)[0] for each in template() if each.id}
    assert [each.id for each in messages(language) if forms(each.id)[0] not in today] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_those_of_the_original(language: str) -> None:
    for each in messages(language):
        # Only where one thing is meant may the number be left out.
        allowed = [set(PLACEHOLDERS.findall(text)) for text in forms(each.id)]
        first, *others = [set(PLACEHOLDERS.findall(text)) for text in forms(each.string)]
        assert first in allowed, each.id
        assert all(found == allowed[-1] for found in others), each.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_is_current(language: str) -> None:
    made = catalogue.compiled(catalogue.stored(language))
    assert catalogue.path_of(language, "mo").read_bytes() == made, "Run `manage.py catalogue`."


class Shown(HTMLParser):
    """Collects what a person reads of a page: its texts, and what is said for symbols."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style", "code"}
        shown = [value for name, value in attrs if name in SHOWN and value]
        self.texts += shown if tag != "meta" else []

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style", "code"}

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.silent:
            self.texts.append(" ".join(data.split()))


def pages() -> Iterator[Path]:
    folder = settings.BASE_DIR / "templates"
    # Mails and their subjects are templates too; Django's own admin stays as it is.
    yield from (path for path in sorted(folder.rglob("*.*")) if path.suffix in {".html", ".txt"})


def test_templates_say_nothing_that_cannot_be_translated() -> None:
    wrong = []
    for path in pages():
        bare = TAGS.sub(" ", BLOCKS.sub(" ", path.read_text()))
        for text in Shown(bare).texts:
            if words := set(WORD.findall(text)) - NAMES:
                wrong.append(f"{path.name}: {text} {words}")
    assert not wrong, "\n".join(wrong)
