"""What every test stands on: the servers of the run, a database of its own, and the rules that a
test neither carries an identity by accident nor is skipped unseen in CI. Not for one app's own
fixtures: those are in a conftest.py beside its tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest

from tests import servers

# Before anything imports Django: the settings are read from this environment.
SERVERS = servers.start_or_join()
servers.set_environment(SERVERS)
django.setup()
# A parallel process inherits this environment, and pytest-django would read the settings there with
# the first process's values, before this file has set its own.
del os.environ["DJANGO_SETTINGS_MODULE"]

pytest_plugins = ["tests.fixtures.people", "tests.fixtures.sites", "tests.fixtures.services"]

OWN_DATABASE = {"own_database", "live_site", "page"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep own databases out of transactions, and every test an id of its own."""
    for item in items:
        # Schemathesis names each operation's test, and leaves all of them the id of the first: run
        # by files, only that one would run.
        if item.parent and not item.nodeid.endswith(item.name):
            item._id = item.parent.id.child(item.name)
        fixtures = set(getattr(item, "fixturenames", ()))
        marker = item.get_closest_marker("django_db")
        if marker and (OWN_DATABASE & fixtures or marker.kwargs.get("transaction")):
            raise pytest.UsageError(
                f"{item.nodeid}: a test that needs real commits asks for the fixture "
                "own_database (or live_site) and is not marked django_db."
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Show the logs of spawned processes with a failure; in CI a skipped test is a failure."""
    report = yield
    site = getattr(item, "funcargs", {}).get("live_site")
    if report.failed and site is not None:
        report.sections += site.log_sections()
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which CI does not accept: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    """In CI a module that skips itself is a failure too."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def test_servers() -> servers.Servers:
    """Where the run's PostgreSQL and Redis are; its admin_url is a superuser's."""
    return SERVERS


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """This process's OURVIDZ_DATA_DIR, which the sites it spawns share."""
    return Path(os.environ["OURVIDZ_DATA_DIR"])


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Give this process its database: a copy of the template, used as the site's own role."""
    from django.db import connections

    from tests import databases

    name = f"test_{servers.process_name()}"
    with django_db_blocker.unblock():
        databases.ensure_template(SERVERS)
        databases.renew(SERVERS, name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def as_nobody() -> Iterator[None]:
    """Make sure that code under test inherits no identity, and leaves none behind."""
    from django.db import connection

    from ourvidz import rows

    assert rows.current_role() == "none", "An earlier test left its identity behind."
    yield
    left = rows.current_role()
    connection.__dict__.pop("ourvidz_identity", None)
    assert left == "none", f"The test left the identity {left} behind."
