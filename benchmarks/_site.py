"""A real site for benchmarks: servers of its own with careful settings, a fresh migrated database,
the web server in its own process. Not for tests, which have fixtures for that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from tests import servers


@contextmanager
def running_site() -> Iterator[object]:
    """Run a site (tests.site.LiveSite) on an empty database; Django here uses that database too.

    Import nothing of the apps before this: it sets the environment that the settings read.
    """
    where = servers.start_or_join(durable=True)
    servers.set_environment(where)
    django.setup()
    # For the web server, as `manage.py up` starts it. Not here, where databases change under us.
    os.environ["DATABASE_POOL"] = "1"
    from tests import databases
    from tests.site import LiveSite, Web

    databases.ensure_template(where)
    web = Web(database="benchmark", log_dir=Path(os.environ["OURVIDZ_DATA_DIR"]) / "log")
    databases.renew(where, web.database)
    with databases.pointed_at(web.database):
        web.ensure_running()
        site = LiveSite(web)
        try:
            yield site
        finally:
            site.stop_workers()
            web.stop()
