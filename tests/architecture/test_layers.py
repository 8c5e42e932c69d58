"""Who may import whom: `workers → workspace → {jobs, library} → accounts → ourvidz`, never the
other way, and inside an app `urls → views, api, forms → services → models`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture import source

MAY_IMPORT = {
    "ourvidz": {"ourvidz"},
    "accounts": {"accounts", "ourvidz"},
    "jobs": {"jobs", "accounts", "ourvidz"},
    "library": {"library", "accounts", "ourvidz"},
    "workspace": {"workspace", "jobs", "library", "accounts", "ourvidz"},
    "workers": {"workers", "workspace", "jobs", "library", "accounts", "ourvidz"},
}
OURS = set(source.APPS)
# Higher ones import lower ones. A module that is not named here counts as a service.
SERVICE = 1
RANK = {
    "choices": 0,
    "models": 0,
    "webhook_models": 0,
    "views": 2,
    "making_views": 2,
    "bin_views": 2,
    "bin_api": 2,
    "keeping_views": 2,
    "api_order": 2,
    "order_serializers": 2,
    "viewer_views": 2,
    "line_views": 2,
    "changing": 2,
    "model_views": 2,
    "api": 2,
    "line_api": 2,
    "line_serializers": 2,
    "forms": 2,
    "pages": 2,
    "serializers": 2,
    "consumers": 2,
    "tasks": 2,
    "admin": 2,
    "urls": 3,
    "model_urls": 3,
    "line_urls": 3,
    "api_urls": 3,
    "routing": 3,
    "asgi": 4,
}
SERVER_LIBRARIES = {"django", "rest_framework", "channels", "psycopg2", "allauth", "boto3"}
MODEL_LIBRARIES = {"torch", "diffusers", "transformers", "accelerate", "safetensors"}


def ours(path: Path) -> list[str]:
    return [name for name in source.imports(path) if name.split(".")[0] in OURS]


def in_gpu(path: Path) -> bool:
    return path.is_relative_to(source.ROOT / "workers" / "gpu")


@pytest.mark.parametrize("app", source.APPS)
def test_an_app_imports_only_what_is_below_it(app):
    wrong = [
        f"{source.name_of(path)} imports {name}"
        for path in sorted((source.ROOT / app).rglob("*.py"))
        for name in ours(path)
        if name.split(".")[0] not in MAY_IMPORT[app]
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_inside_an_app_imports_go_down():
    wrong = []
    for path in source.product_files():
        parts = source.module_of(path).split(".")
        for name in ours(path):
            target = name.split(".")
            same_app = len(parts) == 2 and len(target) >= 2 and target[0] == parts[0]
            if same_app and RANK.get(target[1], SERVICE) > RANK.get(parts[1], SERVICE):
                wrong.append(f"{source.name_of(path)} imports {name}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_gpu_process_knows_no_django_and_no_app():
    wrong = [
        f"{source.name_of(path)} imports {name}"
        for path in filter(in_gpu, source.product_files())
        for name in source.imports(path)
        if name.split(".")[0] in SERVER_LIBRARIES
        or (name.split(".")[0] in OURS and not name.startswith("workers.gpu"))
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_nobody_but_the_gpu_process_imports_its_modules_or_torch():
    wrong = [
        f"{source.name_of(path)} imports {name}"
        for path in source.product_files()
        if not in_gpu(path)
        for name in source.imports(path)
        if name.split(".")[0] in MODEL_LIBRARIES or name.startswith("workers.gpu")
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_signals():
    wrong = [
        f"{source.name_of(path)} imports {name}"
        for path in source.product_files()
        for name in source.imports(path)
        if name.startswith(("django.dispatch", "django.db.models.signals"))
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_model_overrides_save_or_delete():
    wrong = [
        f"{source.name_of(path)}: {node.name}.{item.name}"
        for path in source.product_files()
        if path.stem == "models" or path.parent.stem == "models"
        for node in ast.walk(source.tree(path))
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef)
        and item.name in ("save", "delete")
        # A QuerySet's delete is another thing.
        and not any("QuerySet" in ast.unparse(base) for base in node.bases)
    ]
    assert not wrong, "\n" + "\n".join(wrong)
