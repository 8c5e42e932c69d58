"""The page's own files: put together, small, kept by browsers, and within the policy. Not for how
they look: see tests/browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from ourvidz.bundle import FOR_EVER, SOURCES, asset, script

BYTES = 100 * 1024  # of script and style together, packed; the limit
TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))


def test_script_and_style_are_small() -> None:
    packed = [len(asset(name).packed) for name in ("ourvidz.css", "ourvidz.js")]
    assert sum(packed) <= BYTES


def test_every_module_is_there_once_and_after_what_it_imports() -> None:
    text = script()
    assert text.count("const lib_dom = ") == 1
    assert text.index("const lib_dom = ") < text.index("const elements_batch_list = ")
    assert not re.search(r"^(import|export) ", text, re.MULTILINE)


def test_an_asset_is_packed_and_kept_for_ever() -> None:
    style = asset("ourvidz.css")
    answer = Client().get(style.url, headers={"Accept-Encoding": "gzip, br"})
    assert answer.content == style.packed
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Content-Type"] == "text/css"
    assert answer["Cache-Control"] == FOR_EVER
    assert not answer.cookies


def test_an_old_address_still_answers_but_is_not_kept() -> None:
    answer = Client().get("/assets/0123456789ab/ourvidz.js")
    assert answer.content == asset("ourvidz.js").body
    assert answer["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/", "/assets/x/none.js", "/assets/../settings.py"])
def test_other_addresses_lead_nowhere(path: str) -> None:
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_what_the_policy_refuses(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style\b|\son[a-z]+=|\shx-on\b|javascript:", text)
    assert all("src=" in tag or "json" in tag for tag in re.findall(r"<script\b[^>]*>", text))


def test_a_class_is_described_by_one_file_only() -> None:
    """All files are one stylesheet: the same name in two of them changes pages far away."""
    described: dict[str, set[str]] = {}
    for path in (SOURCES / "css").glob("*.css"):
        for name in re.findall(r"^  (\.[a-z][\w-]*) \{", path.read_text(), re.MULTILINE):
            described.setdefault(name, set()).add(path.name)
    assert {name: files for name, files in described.items() if len(files) > 1} == {}
