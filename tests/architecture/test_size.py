"""Small functions, small files, and a first line in each that says what it is for."""

from __future__ import annotations

import ast

from tests.architecture import source

FUNCTION_LINES = 40
FILE_LINES = 400


def written(path):
    """Say whether people wrote the file: Django writes first migrations, others libraries."""
    generated = path.parent.name == "migrations" and "initial" in path.name
    return not generated and "vendor" not in path.parts


def test_no_function_is_longer_than_a_screen():
    wrong = [
        f"{source.name_of(path)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in source.files(".py")
        for node in source.functions(path)
        if node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_file_is_longer_than_people_read():
    wrong = [
        f"{source.name_of(path)} has {lines} lines"
        for path in filter(written, source.files(".py", ".js", ".css", ".html"))
        if (lines := len(path.read_text().splitlines())) > FILE_LINES
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_module_says_what_it_is_for():
    wrong = [
        source.name_of(path)
        for path in source.product_files()
        if path.parent.name != "migrations" and path.stat().st_size
        if ast.get_docstring(source.tree(path)) is None
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_nothing_is_left_for_later():
    # Split, so that this file does not find itself.
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    wrong = [
        f"{source.name_of(path)}:{number}"
        for path in source.files(".py", ".js", ".css", ".html")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(mark in line.split() or f"{mark}:" in line for mark in marks)
    ]
    assert not wrong, "\n" + "\n".join(wrong)
