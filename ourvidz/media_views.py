"""The addresses of files: `/media/<id>/<variant>` for the person it belongs to, `/media/signed/…`
for whoever holds the url. Not for uploads (`ourvidz/upload_views.py`).
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ourvidz import files
from ourvidz.storage import keys, places, signed
from ourvidz.storage.place import CACHE_CONTROL
from ourvidz.storage.rows import FileRow, find_file


@require_safe
def media(request: HttpRequest, row_id: uuid.UUID, variant: str) -> HttpResponseBase:
    """Send a row's file. Whoever may not see the row gets the same 404 as for no row at all."""
    if variant not in keys.VARIANTS or not _may_read(request):
        raise Http404
    row = find_file(request.user, row_id)
    if row is None:
        raise Http404
    if variant == "thumbnail":
        return _thumbnail(request, row)
    if variant == "preview":
        return _send(request, row, keys.preview_key(row.key), f"{row.sha256}-preview")
    return _send(request, row, row.key, row.sha256, attachment=variant == "download")


@require_safe
def signed_media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send the file that a signed url speaks of, until the url expires."""
    try:
        allowed = signed.read_download_token(token)
    except signed.BadToken:
        return HttpResponse(_("This link is not valid any more."), status=403)
    seconds = max(0, allowed.expires_at - int(datetime.now(UTC).timestamp()))
    path = _path_of(allowed)
    served = files.Served(
        path,
        keys.mime_type_of(allowed.key),
        etag=allowed.key.rpartition("/")[2],
        disposition=allowed.disposition,
        cache_control=f"private, max-age={seconds}",
    )
    return _serve(request, served)


def _path_of(allowed: signed.DownloadToken) -> Path:
    """Return the file on this machine; a sweep may have brought it home since the url was made."""
    name = keys.object_name(allowed.bucket, allowed.key)
    for place_name in (allowed.place, places.other(allowed.place)):
        path = places.place(place_name).path(name)
        if path is not None and path.is_file():
            return path
    raise Http404


def _may_read(request: HttpRequest) -> bool:
    """Return whether this is a person, or a token of one that may read."""
    token = getattr(request, "api_token", None)
    return request.user.is_authenticated and (token is None or "read" in token.scopes)


def _thumbnail(request: HttpRequest, row: FileRow) -> HttpResponseBase:
    """Send the thumbnail, from whichever store has it; failing that, the picture itself."""
    key = keys.thumbnail_key(row.key)
    try:
        return _send(request, row, key, f"{row.sha256}-thumbnail")
    except Http404:
        if not keys.mime_type_of(row.key).startswith("image/"):
            raise
    return _send(request, row, row.key, row.sha256)


def _send(
    request: HttpRequest, row: FileRow, key: str, etag: str, *, attachment: bool = False
) -> HttpResponseBase:
    disposition = content_disposition_header(attachment, row.filename) or ""
    name = keys.object_name(row.bucket, key)
    path = places.place(row.place).path(name)
    if path is None:
        return _redirect(request, row, key, disposition)
    served = files.Served(path, keys.mime_type_of(key), etag, disposition, CACHE_CONTROL)
    try:
        return _serve(request, served)
    except Http404:
        # A sweep may have brought it home since the row was read.
        path = places.place(places.other(row.place)).path(name)
        if path is None:
            raise
    return _serve(request, replace(served, path=path))


def _serve(request: HttpRequest, served: files.Served) -> HttpResponseBase:
    try:
        return files.serve(request, served)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Http404 from error


def _redirect(request: HttpRequest, row: FileRow, key: str, disposition: str) -> HttpResponseBase:
    if request.method == "HEAD":
        # The url is signed for GET; what it would say is known here.
        length = {"Content-Length": str(row.bytes)} if key == row.key else {}
        return HttpResponse(content_type=keys.mime_type_of(key), headers=length)
    found = signed.stepped_url(row.bucket, key, row.place, disposition, datetime.now(UTC))
    if found is None:
        raise Http404
    url, seconds = found
    # As long as the url is the same, the browser need not even ask us.
    return HttpResponseRedirect(url, headers={"Cache-Control": f"private, max-age={seconds}"})
