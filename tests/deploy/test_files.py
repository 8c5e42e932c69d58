"""The files that containers and clusters are made from, as far as a machine without either can
tell: they are what their schemas allow, name only what exists, and set only what is read.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CLUSTER = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OTHER_KINDS = ("Kustomization", "ScaledObject", "TriggerAuthentication")
# Set for third parties, or used by a command line only.
NOT_OURS = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "BROKER_PASSWORD", "SITE", "FILES", "ADMIN_URL"}
LISTED = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def listed() -> set[str]:
    return set(LISTED.findall((ROOT / ".env.example").read_text()))


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text()))


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def containers() -> Iterator[Any]:
    """Every container of the cluster's files."""
    for path in CLUSTER:
        for document in documents(path):
            if template := document.get("spec", {}).get("template"):
                yield from template["spec"]["containers"]


@pytest.mark.parametrize("path", CLUSTER, ids=lambda path: path.name)
def test_a_cluster_would_take_it(path: Path) -> None:
    for document in documents(path):
        if document["kind"] not in OTHER_KINDS:
            kubernetes_validate.validate(document, "1.34", strict=True)


def test_the_cluster_applies_every_file_but_the_example() -> None:
    resources = set(documents(DEPLOY / "kubernetes" / "kustomization.yaml")[0]["resources"])
    there = {path.name for path in CLUSTER}
    assert resources == there - {"kustomization.yaml", "secret.example.yaml"}


def test_only_settings_that_are_read_are_set() -> None:
    told: set[str] = set()
    for service in compose()["services"].values():
        told |= set(service.get("environment", {}))
    for path in CLUSTER:
        for document in documents(path):
            told |= set(document.get("data", {})) | set(document.get("stringData", {}))
    told |= {each["name"] for container in containers() for each in container.get("env", [])}
    assert told - listed() - NOT_OURS - {"token"} == set()


def test_a_gpu_worker_gets_no_secret_of_the_server() -> None:
    told = set(compose()["services"]["gpu"]["environment"])
    assert not [name for name in told if re.match(r"DATABASE|REDIS|S3_|SECRET", name)]
    (gpu,) = [each for each in containers() if each["name"] == "gpu"]
    assert [each["secretRef"]["name"] for each in gpu["envFrom"]] == ["gpu"]


def test_every_command_leads_somewhere() -> None:
    commands = [service.get("command") for service in compose()["services"].values()]
    commands += [container.get("command") for container in containers()]
    asked = {word for command in commands if command for word in " ".join(command).split()}
    managed = {"bootstrap_database", "migrate", "sync_presets", "rundramatiq", "crontab"}
    assert managed <= asked
    for name in ("bootstrap_database", "sync_presets"):
        assert list(ROOT.glob(f"*/management/commands/{name}.py"))
    for path in DEPLOY.glob("*.Dockerfile"):
        for module in re.findall(r'"-m", "([\w.]+)"', path.read_text()):
            assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("*.Dockerfile")), ids=lambda path: path.name)
def test_an_image_copies_what_is_there_and_not_ignored(path: Path) -> None:
    allowed = {
        line[1:].strip()
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for line in re.findall(r"^COPY (?!--from)(.+)$", path.read_text(), re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert name.split("/")[0] in allowed, name


def test_what_containers_run_as_shell_is_shell() -> None:
    scripts = sorted(DEPLOY.glob("*.sh"))
    assert scripts
    for script in scripts:
        subprocess.run(["sh", "-n", script], check=True)


def test_mounted_files_are_there() -> None:
    for service in compose()["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
