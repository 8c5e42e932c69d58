"""A model hub on this machine, faithful in what `huggingface_hub` asks of it: the listing with
checksums, resolve urls that lead large files to another address, ranges, gated and missing
repositories in the hub's own words. Not for anything but tests.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 1000  # from here on a file is large, and known by its sha256
COMMIT = "0123456789abcdef0123456789abcdef01234567"
API = re.compile(r"/api/models/([^/]+/[^/]+)/revision/(.+)")
RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
CDN = re.compile(r"/cdn/([^/]+/[^/]+)/(.+)")


@dataclass
class Repository:
    """What one repository holds, and how the server misbehaves about it."""

    files: dict[str, bytes]
    gated: bool = False
    accepted_token: str = ""
    # Cut the connection once after so many bytes of a large file.
    cut_after: int = 0
    # Send these bytes instead of a file's own.
    damaged: dict[str, bytes] = field(default_factory=dict)


class Hub:
    """The server; `asked` keeps the (method, path, range) of every request."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.hub = self  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def ranges(self, path: str) -> list[str]:
        """Return the ranges that were asked of a large file, in their order."""
        return [wanted for _method, asked, wanted in self.asked if asked == f"/cdn/{path}"]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def pipeline(**more: bytes) -> dict[str, bytes]:
    """Return the files of a small pipeline in diffusers' layout, with what must not be fetched."""
    index = {
        "_class_name": "StableDiffusionXLPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "feature_extractor": [None, None],
    }
    return {
        "model_index.json": json.dumps(index).encode(),
        "README.md": b"# A model",
        "unet/config.json": b'{"in_channels": 4}',
        "unet/diffusion_pytorch_model.safetensors": bytes(range(256)) * 400,
        "unet/diffusion_pytorch_model.fp16.safetensors": bytes(range(256)) * 200,
        "unet/diffusion_pytorch_model.bin": b"a pickle" * 200,
        "scheduler/scheduler_config.json": b"{}",
        "model.safetensors": b"all in one" * 200,
        "unused/model.safetensors": b"not a component" * 200,
        **more,
    }


class Handler(BaseHTTPRequestHandler):
    """Answers one request of the hub that its server belongs to."""

    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path, self.headers.get("Range", "")))
        acts: list[tuple[re.Pattern[str], Any]] = [
            (API, self._list),
            (CDN, self._large),
            (RESOLVE, self._resolve),
        ]
        for pattern, act in acts:
            if found := pattern.fullmatch(path):
                act(*found.groups(), body)
                return
        self._error(404, "EntryNotFound")

    def _list(self, name: str, revision: str, body: bool) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._error(401, "RepoNotFound")
        elif revision not in ("main", COMMIT):
            self._error(404, "RevisionNotFound")
        else:
            siblings = [_sibling(path, data) for path, data in repository.files.items()]
            self._send(200, json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode())

    def _resolve(self, name: str, revision: str, path: str, body: bool) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._error(401, "RepoNotFound")
        elif repository.gated and not self._may_read(repository):
            self._error(403, "GatedRepo")
        elif path not in repository.files:
            self._error(404, "EntryNotFound")
        elif len(repository.files[path]) >= LARGE:
            self._send(302, b"", Location=f"{self.hub.url}/cdn/{name}/{path}")
        else:
            self._send(200, repository.damaged.get(path, repository.files[path]))

    def _large(self, name: str, path: str, body: bool) -> None:
        repository = self.hub.repositories[name]
        data = repository.damaged.get(path, repository.files[path])
        begin = int((re.findall(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0])[0])
        headers = {}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        cut, repository.cut_after = repository.cut_after, 0
        self._send(206 if begin else 200, data[begin:], cut, **headers)

    def _may_read(self, repository: Repository) -> bool:
        given = self.headers.get("Authorization", "")
        return bool(repository.accepted_token) and given.endswith(repository.accepted_token)

    def _error(self, status: int, code: str) -> None:
        self._send(status, b"{}", **{"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, status: int, data: bytes, cut: int = 0, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[:cut] if cut else data)
        if cut:
            self.close_connection = True


def _sibling(path: str, data: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
    entry: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": blob}
    if len(data) >= LARGE:
        digest = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
    return entry
