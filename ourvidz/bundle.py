"""The page's own files (one stylesheet, one script, the font), served under names that hold a
digest of their content, so that a browser may keep them for ever. The sources stay one file a
component: they are put together in memory, without a build step. Not for other people's static
files: WhiteNoise has those.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse

SOURCES = Path(__file__).resolve().parent / "static" / "ourvidz"
PREFIX = "/assets/"
HTMX = "django_htmx/htmx-4.min.js"
FOR_EVER = "public, max-age=31536000, immutable"
TYPES = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2"}

IMPORT = re.compile(r'^import (?:(?P<names>\{[^}]*\}) from )?"(?P<path>[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (?P<name>\w+))", re.MULTILINE)
FONT = re.compile(r'url\("\.\./fonts/(?P<name>[^"]+)"\)')


@dataclass(frozen=True)
class Asset:
    """One file as it is served: its name, its bytes as they are and as gzip (empty where
    useless).
    """

    name: str
    body: bytes
    packed: bytes

    @property
    def url(self) -> str:
        """Where it is found: another content, another address."""
        return f"{PREFIX}{hashlib.sha256(self.body).hexdigest()[:12]}/{self.name}"


def asset(name: str) -> Asset:
    """Return an asset by name. Raises KeyError where there is none."""
    return _assets(_stamp() if settings.DEBUG else 0)[name]


class AssetMiddleware:
    """Answers for assets before sessions and the database are touched."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PREFIX):
            return serve(request)
        return self.get_response(request)


def serve(request: HttpRequest) -> HttpResponse:
    """Answer with an asset, packed where the browser understands it."""
    try:
        found = asset(request.path.rsplit("/", 1)[-1])
    except KeyError:
        return HttpResponse(status=404)
    packed = found.packed and "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(found.packed if packed else found.body)
    response["Content-Type"] = TYPES[Path(found.name).suffix]
    # An old address still answers, with what is current, but must not be kept under it.
    response["Cache-Control"] = FOR_EVER if request.path == found.url else "no-cache"
    response["Vary"] = "Accept-Encoding"
    if packed:
        response["Content-Encoding"] = "gzip"
    return response


def script() -> str:
    """Return htmx and every module of js/, each after those it imports, as one module."""
    modules = dict.fromkeys(_in_order())
    return "\n".join([_htmx(), *(_as_function(path) for path in modules)])


def stylesheet() -> str:
    """Return every file of css/. Their order is free: tokens.css declares the layers' order."""
    files = sorted((SOURCES / "css").glob("*.css"), key=lambda path: (path.stem != "tokens", path))
    text = "\n".join(path.read_text() for path in files)
    return FONT.sub(lambda match: f'url("{_fonts()[match["name"]].url}")', text)


@cache
def _assets(stamp: float) -> dict[str, Asset]:
    """Build everything. `stamp` only tells one state of the sources from another."""
    made = [_text("ourvidz.css", stylesheet()), _text("ourvidz.js", script())]
    return {found.name: found for found in made} | _fonts()


@cache
def _fonts() -> dict[str, Asset]:
    files = (SOURCES / "fonts").glob("*.woff2")
    return {path.name: Asset(path.name, path.read_bytes(), b"") for path in files}


def _text(name: str, text: str) -> Asset:
    body = text.encode()
    return Asset(name, body, gzip.compress(body, 9, mtime=0))


def _stamp() -> float:
    return max(path.stat().st_mtime for path in SOURCES.rglob("*") if path.is_file())


def _in_order() -> Iterator[Path]:
    for path in sorted((SOURCES / "js").rglob("*.js")):
        yield from _with_imports(path)


def _with_imports(path: Path) -> Iterator[Path]:
    for found in IMPORT.finditer(path.read_text()):
        yield from _with_imports((path.parent / found["path"]).resolve())
    yield path


def _as_function(path: Path) -> str:
    """Return a module as a function that is run at once and whose value is what it exports, so that
    every module keeps names of its own."""
    text = path.read_text()
    exported = ", ".join(match["name"] for match in EXPORT.finditer(text))
    inner = EXPORT.sub("", IMPORT.sub(lambda match: _as_constants(path, match), text))
    return f"const {_name_of(path)} = (() => {{\n{inner}return {{ {exported} }};\n}})();"


def _as_constants(path: Path, found: re.Match[str]) -> str:
    if not found["names"]:
        return ""
    names = found["names"].replace(" as ", ": ")
    return f"const {names} = {_name_of((path.parent / found['path']).resolve())};"


def _name_of(path: Path) -> str:
    return re.sub(r"\W", "_", path.relative_to(SOURCES / "js").with_suffix("").as_posix())


def _htmx() -> str:
    found = finders.find(HTMX)
    if not found:
        raise FileNotFoundError(HTMX)
    return Path(found).read_text() + "\nwindow.htmx = htmx;"
