"""The API against its own description: whatever schemathesis thinks up, no operation answers with
an error of ours, an undeclared status, or a body of another shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ourvidz.rows import as_service
from tests.api.rows import MAKE, make_worker

DESCRIPTION = SchemaGenerator().get_schema(request=None, public=True)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Without the phase that tries every boundary of every field: it takes minutes.
CONFIG = SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}}})
schema = schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG)
schema.app = get_wsgi_application()


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests end in the test's own transaction: they must not close its connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def headers(staff: Any) -> dict[str, str]:
    """An operator's token: it reaches every operation."""
    from accounts.services import issue_token

    with as_service("test token"):
        _token, secret = issue_token(user=staff, name="Test", scopes=["read", "write"])
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def ids(staff: Any) -> dict[str, str]:
    """A real id for each list, so that not every guess ends in 404."""
    found = {f"/api/v1/{path}/": str(make(staff).pk) for path, make in MAKE.items()}
    return found | {"/api/v1/workers/": str(make_worker().pk)}


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_operation_keeps_its_word(case: Any, headers: dict[str, str], ids: dict[str, str]) -> None:
    _aim(case, ids)
    case.call_and_validate(headers=headers, checks=CHECKS)


def _aim(case: Any, ids: dict[str, str]) -> None:
    """Half of the time, ask for a row that exists."""
    for start, row_id in ids.items():
        given = (case.path_parameters or {}).get("id")
        if given and case.path.startswith(start) and crc32(str(given).encode()) % 2:
            case.path_parameters = {**case.path_parameters, "id": row_id}


def test_every_operation_is_tested_by_itself(request: pytest.FixtureRequest) -> None:
    """Tests of the same id are one for whoever gives them to processes."""
    items = [item for item in request.session.items if item.path == request.path]
    assert len({item.nodeid for item in items}) == len(items)
