"""What happens when one of the site's processes ends: it is started again, a few times."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest

from ourvidz.embedded import processes

SCRIPT = """
import sys
from ourvidz.embedded import supervisor
from ourvidz.embedded.server import Server
supervisor.RESTARTS = 1
found = supervisor.Supervisor([], lambda: print("started", flush=True))
for name, command in zip(sys.argv[1::2], sys.argv[2::2]):
    found.add(name, ["sh", "-c", command], {"PATH": "/usr/bin:/bin"})
sys.exit(found.run() or 0)
"""


@pytest.fixture
def supervise():
    """Return a function that runs a supervisor over named shell commands."""
    running = []

    def run(**commands):
        arguments = [part for pair in commands.items() for part in pair]
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments],
            cwd=processes.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()


def test_a_process_that_keeps_ending_ends_everything_with_a_sentence(supervise):
    process = supervise(steady="exec sleep 60", shaky="echo broken; exit 3")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.count("broken") == 2
    assert "starting it again (1 of 1)" in output
    assert "The process “shaky” ended with status 3 and was not started again" in output


def test_a_process_that_cannot_start_is_not_tried_again(supervise):
    process = supervise(hopeless="echo no token; exit 2")
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output.count("no token")) == (1, 1)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_person_stops_it_without_a_complaint(supervise, sign):
    process = supervise(steady="echo up; exec sleep 60")
    for line in process.stdout:
        if "up" in line:
            break
    process.send_signal(sign)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output.replace("started\n", "")) == (0, "")


def test_nothing_outlives_a_supervisor_that_is_killed(supervise):
    process = supervise(steady="echo $$; exec sleep 60")
    number = int(next(line.split("|")[1] for line in process.stdout if "|" in line))
    process.kill()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(number):
        assert time.monotonic() < deadline, f"process {number} still runs"
        time.sleep(0.05)
