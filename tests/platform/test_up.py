"""`manage.py up`, whole: the first start, the second, a killed process, a port in use, the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import psutil
import pytest

from tests import servers
from tests.site import Spawned, wait_until

# Patient: seconds on a free machine, minutes on a busy one.
START_SECONDS = 300
ADDRESS = re.compile(r"OurVidz runs at (http://localhost:\d+) ")
LINK = re.compile(r"sign in once with (http\S+)")
# What conftest set for this process must not reach an installation of its own.
INHERITED = ("DATABASE_", "REDIS_", "OURVIDZ_", "DJANGO_", "SECRET_", "THROTTLE_", "BROKER_", "S3_")

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]


class Installation:
    """A data folder and the starts of OurVidz in it."""

    def __init__(self):
        self.data_dir = Path(tempfile.mkdtemp(prefix="ourvidz-test-", dir="/tmp"))
        self.data_dir.chmod(0o711)
        self.port = servers.free_port()
        self.started = []

    def start(self, **variables):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(INHERITED)}
        environment |= {
            "OURVIDZ_DATA_DIR": str(self.data_dir),
            "OURVIDZ_PORT": str(self.port),
            "LOG_LEVEL": "ERROR",
        }
        log = self.data_dir / f"up-{len(self.started)}.log"
        command = [sys.executable, "-u", "manage.py", "up"]
        up = Spawned("up", command, environment | variables, log)
        self.started.append(up)
        return up

    def started_up(self, **variables):
        up = self.start(**variables)
        wait_until(
            lambda: ADDRESS.search(up.output()) or not up.running(), START_SECONDS, "the address"
        )
        assert up.running(), up.output()
        return up

    def remove(self):
        for up in self.started:
            up.kill()
        shutil.rmtree(self.data_dir, ignore_errors=True)


@pytest.fixture(scope="module")
def installation():
    found = Installation()
    yield found
    found.remove()


def descendants(pid):
    """Return the processes below `pid`: {id: command line}."""
    children = psutil.Process(pid).children(recursive=True)
    return {child.pid: " ".join(child.cmdline()) for child in children}


def test_the_first_start_prints_a_link_that_signs_the_operator_in_once(installation):
    up = installation.started_up()
    output = up.output()
    link = LINK.search(output)[1]
    assert re.search(r"e-mail operator@localhost, password \S{16} \(shown only now\)", output)
    assert "Traceback" not in output
    visitor = build_opener(HTTPCookieProcessor(CookieJar()))
    with visitor.open(link) as page:
        assert page.status == 200
        assert "/accounts/login" not in page.url
    stranger = build_opener(HTTPCookieProcessor(CookieJar()))
    try:
        with stranger.open(link) as page:
            assert "/workspace" not in page.url
    except OSError as refused:
        assert getattr(refused, "code", 0) in (400, 403, 404, 410)


def test_a_killed_process_is_started_again(installation):
    up = installation.started[0]
    web = next(p for p, line in descendants(up.pid).items() if "ourvidz.asgi" in line)
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: "starting it again (1 of 5)" in up.output(), START_SECONDS, "the restart")
    address = ADDRESS.search(up.output())[1]
    wait_until(lambda: answers(address), START_SECONDS, "the site answers again")


def answers(address):
    try:
        with build_opener().open(f"{address}/accounts/login/", timeout=5) as page:
            return page.status == 200
    except OSError:
        return False


def test_the_same_folder_does_not_start_twice(installation):
    second = installation.start()
    assert second.process.wait(START_SECONDS) == 1
    assert "OurVidz already runs here" in second.output()


def test_it_ends_with_everything_it_started(installation):
    up = installation.started[0]
    children = descendants(up.pid)
    assert len(children) > 6
    assert up.stop(START_SECONDS) == 0
    assert [pid for pid in children if psutil.pid_exists(pid)] == []
    assert up.output().rstrip().endswith("OurVidz has stopped.")


def test_the_second_start_keeps_everything_and_takes_the_next_port(installation):
    with socket.create_server(("127.0.0.1", installation.port)):
        up = installation.started_up()
    output = up.output()
    assert f"Port {installation.port} is in use" in output
    assert f"http://localhost:{installation.port}/" not in output
    assert LINK.search(output)
    assert "password" not in output
    assert up.stop(START_SECONDS) == 0


def test_a_server_that_is_gone_is_a_sentence(installation):
    up = installation.start(DATABASE_URL="postgresql://ourvidz:x@127.0.0.1:1/ourvidz")
    assert up.process.wait(START_SECONDS) == 1
    assert "Traceback" not in up.output()
    assert "DATABASE_URL" in up.output()
