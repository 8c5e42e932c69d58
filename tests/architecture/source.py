"""The repository's own source as syntax trees, for the tests that hold its architecture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("ourvidz", "accounts", "jobs", "library", "workspace", "workers")


def product_files() -> list[Path]:
    """Return the Python files of the product: every app, without tests."""
    return [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]


def files(*suffixes: str) -> list[Path]:
    """Return every file of ours with one of the endings."""
    folders = [*APPS, "tests", "benchmarks", "templates", "prompts"]
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    return [path for path in [ROOT / "manage.py", *found] if path.suffix in suffixes]


def name_of(path: Path) -> str:
    """Return a file's path as people write it, from the repository's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def module_of(path: Path) -> str:
    """Return a file's dotted module name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, wherever in the file it does."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
