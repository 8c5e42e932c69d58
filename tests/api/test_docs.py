"""The API's description and the page to browse it. Not for whether it is true: test_schema."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator

    return SchemaGenerator().get_schema(request=None, public=True)


def _operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_anybody_may_read_it(stranger: Api) -> None:
    answer = stranger.get("/api/schema/")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")
    yaml = stranger.get("/api/schema/", Accept="application/yaml")
    assert yaml.content.startswith(b"openapi: 3.1")


def test_it_has_every_operation_and_nothing_of_workers_or_storage(
    description: dict[str, Any],
) -> None:
    paths = set(description["paths"])
    assert {"/api/v1/me", "/api/v1/jobs", "/api/v1/jobs/{id}/cancel", "/api/v1/workers"} <= paths
    assert not any(path.startswith("/api/v1/worker/") for path in paths)
    for hidden in ("storage_path", "storage_place", "bucket_name", "token_digest", "user_id"):
        assert hidden not in str(description["components"])


def test_every_operation_is_described_with_an_example(description: dict[str, Any]) -> None:
    for name, operation in _operations(description):
        assert operation["summary"] and operation["description"], name
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for media_type, content in body.get("content", {}).items():
                # Of bytes there is nothing to show.
                if media_type not in ("multipart/form-data", "image/*", "application/zip"):
                    assert content.get("examples"), (name, media_type)


def test_every_operation_has_its_own_name(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _name, operation in _operations(description)]
    assert len(names) == len(set(names))


def test_the_docs_run_no_script_of_the_page_itself(stranger: Api) -> None:
    answer = stranger.get("/api/docs/")
    policy = answer["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "script-src 'self';" in policy + ";" and "unsafe" not in policy
    page = answer.content.decode()
    assert "<style" not in page and "style=" not in page
    assert page.count("<script src=") == page.count("<script") == 2
    script = stranger.get("/api/docs/?script=")
    assert script.status_code == 200 and script["Content-Type"] == "application/javascript"
    assert b"SwaggerUIBundle(" in script.content


def test_the_docs_work_in_a_browser(page: Any) -> None:
    # The viewer is a megabyte of script, and this machine may be busy.
    page.set_default_timeout(150_000)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.on("pageerror", lambda error: refused.append(str(error)))
    page.goto("/api/docs/")
    page.locator(".opblock").first.wait_for()
    assert page.locator(".opblock-summary-description").first.inner_text() == "One batch"
    assert refused == []
