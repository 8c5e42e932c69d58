"""Every variable that the product reads from the environment is explained in .env.example, and
nothing else is; and only few files read the environment at all.
"""

from __future__ import annotations

import ast
import re

from tests.architecture import source

NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
LISTED = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
SETTINGS = "ourvidz/settings.py"
GPU = "workers/gpu/config.py"
# These hand the environment on or look whether a setting came from it.
OTHERS = {
    "manage.py",
    "ourvidz/asgi.py",
    "ourvidz/management/commands/up.py",
    "ourvidz/management/commands/bootstrap_database.py",
    "workers/gpu/device.py",
    "workers/gpu/tasks.py",
    "workers/scaling/providers/local.py",
    "workers/gpu/starter/training/recipe.py",
}


def read_in(name):
    """Return the variables a file reads: `env.…("NAME", …)`, or `something(env, "NAME", …)`."""
    calls = [n for n in ast.walk(source.tree(source.ROOT / name)) if isinstance(n, ast.Call)]
    direct = [call.args[:1] for call in calls if ast.unparse(call.func).startswith("env.")]
    handed_on = [
        call.args[1:2] for call in calls if call.args and ast.unparse(call.args[0]) == "env"
    ]
    asked = [node for arguments in direct + handed_on for node in arguments]
    constants = [node.value for node in asked if isinstance(node, ast.Constant)]
    return {value for value in constants if NAME.fullmatch(str(value))}


def test_the_example_lists_what_is_read_and_nothing_else():
    listed = set(LISTED.findall((source.ROOT / ".env.example").read_text()))
    read = read_in(SETTINGS) | read_in(GPU)
    assert {"DATABASE_URL", "OURVIDZ_WORKER_TOKEN"} <= read, "The reading itself is broken."
    assert sorted(read - listed) == [], "read, but not in .env.example"
    assert sorted(listed - read) == [], "in .env.example, but never read"


def test_only_few_files_read_the_environment():
    wrong = [
        source.name_of(path)
        for path in source.product_files()
        if source.name_of(path) not in {SETTINGS, GPU, *OTHERS}
        and any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "putenv")
            for node in ast.walk(source.tree(path))
        )
    ]
    assert not wrong, "\n" + "\n".join(wrong)
