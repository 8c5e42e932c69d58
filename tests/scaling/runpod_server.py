"""RunPod's pods on this machine, faithful in what the REST API v2 says of them: the fields that a
new pod must and may have, its states one after the other, problems in its own words, and that what
is gone is not found. Not for anything but tests.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "rpa_a_key_for_tests"
MAY = {
    *("name", "image", "args", "disk", "env", "ports", "registry", "cloud", "cpu", "gpu"),
    *("dataCenterIds", "globalNetworking", "mounts", "startJupyter", "startSsh", "templateId"),
}


@dataclass
class Account:
    """What is rented, and how the service misbehaves."""

    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    sold_out: bool = False
    # A pod is made, but its maker never hears of it.
    cut_after_create: bool = False


class RunPodServer:
    """The service, on a port of its own."""

    def __init__(self) -> None:
        self.account = Account()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.account = self.account  # type: ignore[attr-defined]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v2"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def log_message(self, *_: Any) -> None: ...

    @property
    def account(self) -> Account:
        return self.server.account  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        if self.known("GET", "/v2/pods"):
            self.answer(200, {"pods": list(self.account.pods.values())})

    def do_POST(self) -> None:
        if not self.known("POST", "/v2/pods"):
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if wrong := problems(body):
            return self.problem(400, "request validation failed", wrong)
        if self.account.sold_out:
            return self.problem(500, "There are no instances currently available")
        pod = made(body, len(self.account.asked))
        self.account.pods[pod["id"]] = pod
        if self.account.cut_after_create:
            self.close_connection = True
            return None
        return self.answer(201, pod)

    def do_DELETE(self) -> None:
        pod_id = self.path.rpartition("/")[2]
        if not self.known("DELETE", f"/v2/pods/{pod_id}"):
            return
        if self.account.pods.pop(pod_id, None) is None:
            self.problem(404, "pod not found")
        else:
            self.answer(204, None)

    def known(self, method: str, path: str) -> bool:
        """Whether the caller may, and the address exists; otherwise it is answered here."""
        self.account.asked.append((method, self.path))
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            self.problem(401, "invalid or missing API key")
        elif self.path != path:
            self.problem(404, "no such route")
        else:
            return True
        return False

    def problem(self, status: int, detail: str, errors: list[str] | None = None) -> None:
        body = {"title": "Error", "status": status, "detail": detail}
        self.answer(status, body | ({"errors": errors} if errors else {}))

    def answer(self, status: int, body: Any) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def problems(body: dict[str, Any]) -> list[str]:
    """What is wrong with the wish for a pod."""
    wrong = [f"$: additional properties '{name}' not allowed" for name in set(body) - MAY]
    wrong += [f"$: missing '{name}'" for name in ("name", "image") if not body.get(name)]
    if ("gpu" in body) == ("cpu" in body):
        wrong.append("exactly one of gpu or cpu must be set")
    if not all(isinstance(value, str) for value in body.get("env", {}).values()):
        wrong.append("$.env: must be strings")
    return wrong


def made(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The pod as it is told of right after it was made."""
    pod = {name: body[name] for name in ("name", "image", "disk", "env", "gpu", "cloud")}
    return pod | {"id": f"pod{number:06d}", "status": "PROVISIONING", "cost": 0.44, "runtime": None}
