"""The seed's operations on worker urls, against a real HTTP server of models. Not for the workers'
own protocol.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.models import User
from ourvidz.rows import as_service
from tests.api.conftest import Api, api_of, is_problem
from workers import chat
from workers.models import WorkerUrl

__all__ = ["api_of"]


class Models(BaseHTTPRequestHandler):
    """Answers like an OpenAI-compatible server that is asked for its models; below /endless it goes
    on and on, below /drip it never comes to its end.
    """

    def do_GET(self) -> None:
        if not self.path.startswith("/v1"):
            self.go_on(*((1 << 16, 0.0) if self.path.startswith("/endless") else (1, 0.05)))
            return
        body = json.dumps({"object": "list", "data": [{"id": "qwen3:8b"}]}).encode()
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def go_on(self, size: int, pause: float) -> None:
        """Send pieces until nobody listens."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b" " * size)
                time.sleep(pause)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Models)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/v1"


@pytest.fixture
def operator(api_of: Callable[[User], Api], staff: User) -> Api:
    return api_of(staff)


def test_a_chat_worker_is_registered_checked_and_found(operator: Api, url: str) -> None:
    worker = operator.post("register-chat-worker", {"name": "ollama", "url": url}).json()
    assert (worker["kind"], worker["status"]) == ("chat", "unhealthy")
    assert is_problem(operator.get("get-active-worker-url"), 404, "worker_missing")
    assert operator.post("health-check-workers").json()["active"] == 1
    found = operator.get("get-active-worker-url?preset=qwen3:8b").json()
    assert (found["url"], found["presets"]) == (url, ["qwen3:8b"])
    other = operator.get("get-active-worker-url?preset=llama")
    assert is_problem(other, 404, "worker_missing")


def test_one_that_answers_no_more_is_not_named(
    operator: Api, url: str, server: ThreadingHTTPServer
) -> None:
    operator.post("register-chat-worker", {"name": "ollama", "url": url})
    assert chat.check_all() == 1
    server.shutdown()
    server.server_close()
    assert chat.check_all() == 0
    with as_service("test"):
        WorkerUrl.objects.update(last_heartbeat_at="2020-01-01T00:00:00Z")
    assert operator.post("health-check-workers").json() == {
        "active": 0,
        "draining": 0,
        "unhealthy": 0,
        "quarantined": 0,
        "gone": 1,
    }
    assert is_problem(operator.get("get-active-worker-url"), 404)


@pytest.mark.parametrize("how", ["endless", "drip"])
def test_one_that_never_ends_holds_up_nobody(
    url: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "WAIT_SECONDS", 0.5)
    assert not chat.ask(url.replace("/v1", f"/{how}")).answered


def test_an_address_is_changed(operator: Api, url: str) -> None:
    operator.post("register-chat-worker", {"name": "ollama", "url": "http://192.0.2.1:1/v1"})
    moved = operator.post("update-worker-url", {"name": "ollama", "url": url})
    assert moved.json()["url"] == url
    assert chat.check_all() == 1
    gone = operator.post("update-worker-url", {"name": "nobody", "url": url})
    assert is_problem(gone, 404, "not_found")


@pytest.mark.parametrize(
    "bad", ["ftp://host/v1", "host:80", "http://user:pw@host", "http://[", "http://h:99999", ""]
)
def test_what_is_no_address_is_refused(operator: Api, bad: str) -> None:
    answer = operator.post("register-chat-worker", {"name": "x", "url": bad})
    assert answer.status_code in (400, 422)


def test_the_loaded_model_then_the_least_busy_comes_first(operator: Api) -> None:
    with as_service("test"):
        for number, loaded in enumerate(["other", "wanted", ""]):
            WorkerUrl.objects.create(
                name=f"gpu-{number}",
                token_digest=f"{number}",
                status="active",
                loaded_preset=loaded,
                url=f"http://gpu-{number}",
            )
    found = operator.get("get-active-worker-url?kind=gpu&preset=wanted").json()
    assert found["name"] == "gpu-1"


def test_others_may_not(api_of: Callable[[User], Api], user: User) -> None:
    client = api_of(user)
    assert is_problem(client.get("get-active-worker-url"), 403)
    for path in ("update-worker-url", "register-chat-worker", "health-check-workers"):
        assert is_problem(client.post(path, {}), 403)


def test_operators_read_what_a_worker_did(operator: Api) -> None:
    with as_service("test"):
        worker = WorkerUrl.objects.create(name="gpu-1", token_digest="1", status="active")
    assert operator.post(f"workers/{worker.pk}/drain").json()["status"] == "draining"
    told = operator.get(f"workers/{worker.pk}/history").json()
    assert told["speed"] == {"made": 0, "failed": 0, "seconds": None}
    assert [state["reason"] for state in told["states"]] == ["operator"]
