"""`/media/<id>/<variant>`: to the person it belongs to, and to nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client

from accounts.services import issue_token
from ourvidz import files, storage
from ourvidz.rows import as_service, as_user
from tests.storage.conftest import REFUSES, png
from tests.storage.factories import make_item, make_media, make_reference

ClientOf = Callable[[Any], Client]

pytestmark = [
    pytest.mark.django_db,
    # Django's test client is synchronous; the server is not.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]


def media_path(row: Any, variant: str = "original") -> str:
    return storage.media_path(row.pk, variant, row.sha256)


@pytest.mark.parametrize("make", [make_media, make_item, make_reference])
def test_the_owner_sees_it(make: Any, user: Any, client_of: ClientOf) -> None:
    row = make(user)
    answer = client_of(user).get(media_path(row))
    assert answer.status_code == 200
    assert b"".join(answer) == png()
    assert answer["Content-Type"] == "image/png"
    assert answer["ETag"] == f'"{row.sha256}"'
    assert "immutable" in answer["Cache-Control"] and "private" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == files.SAFETY["Content-Security-Policy"]


@pytest.mark.parametrize("make", [make_media, make_item, make_reference])
@pytest.mark.parametrize("variant", ["original", "thumbnail", "download"])
def test_nobody_else_does(
    make: Any, variant: str, user: Any, other_user: Any, staff: Any, client_of: ClientOf
) -> None:
    path = media_path(make(user), variant)
    unknown = storage.media_path(uuid.uuid4(), variant, "00")
    for client in (client_of(other_user), client_of(staff), Client()):
        answer, of_nothing = client.get(path), client.get(unknown)
        assert answer.status_code == of_nothing.status_code == 404
        # Not even that there is such a row.
        assert answer.content == of_nothing.content
        assert client.get(path, headers={"Range": "bytes=0-1"}).status_code == 404
        assert client.head(path).status_code == 404


@pytest.mark.parametrize(("scopes", "status"), [(["read"], 200), (["write"], 404)])
def test_a_token_must_be_allowed_to_read(user: Any, scopes: list[str], status: int) -> None:
    path = media_path(make_media(user))
    with as_user(user):
        _token, secret = issue_token(user=user, name="script", scopes=scopes, expires_at=None)
    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get(path)
    assert answer.status_code == status


def test_one_query_for_the_row(
    user: Any, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    client, path = client_of(user), media_path(make_reference(user))
    # Session, user, identities and savepoints are not ours.
    with django_assert_max_num_queries(25) as queries:
        client.get(path).close()
    found = [query["sql"] for query in queries if "storage_path" in query["sql"]]
    assert len(found) == 1


def test_ranges(user: Any, client_of: ClientOf) -> None:
    answer = client_of(user).get(media_path(make_media(user)), headers={"Range": "bytes=1-3"})
    assert answer.status_code == 206
    assert b"".join(answer) == b"PNG"


def test_not_modified(user: Any, client_of: ClientOf) -> None:
    media = make_media(user)
    headers = {"If-None-Match": f'"{media.sha256}"'}
    assert client_of(user).get(media_path(media), headers=headers).status_code == 304


def test_the_thumbnail(user: Any, client_of: ClientOf) -> None:
    answer = client_of(user).get(media_path(make_media(user), "thumbnail"))
    assert answer["Content-Type"] == "image/webp"
    assert b"".join(answer)[8:12] == b"WEBP"


def test_without_a_thumbnail_the_picture(user: Any, client_of: ClientOf, folders: Path) -> None:
    media = make_media(user)
    (folders / media.bucket_name / storage.thumbnail_key(media.storage_path)).unlink()
    answer = client_of(user).get(media_path(media, "thumbnail"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A castle, in the SNOW!", 'attachment; filename="a-castle-in-the-snow-{}.png"'),
        ("../../etc/passwd", 'attachment; filename="etcpasswd-{}.png"'),
        ('"; rm -rf /\r\nX-Evil: 1', 'attachment; filename="rm-rf-x-evil-1-{}.png"'),
        ("!?", 'attachment; filename="ourvidz-{}.png"'),
        ("замок", "attachment; filename*=utf-8''%D0%B7%D0%B0%D0%BC%D0%BE%D0%BA-{}.png"),
    ],
)
def test_a_download_is_called_by_its_prompt(
    prompt: str, name: str, user: Any, client_of: ClientOf
) -> None:
    media = make_media(user, prompt=prompt)
    answer = client_of(user).get(media_path(media, "download"))
    assert answer["Content-Disposition"] == name.format(media.pk.hex[-6:])


def test_addresses_that_do_not_exist(user: Any, client_of: ClientOf) -> None:
    media, client = make_media(user), client_of(user)
    for path in (
        f"/media/{media.pk}/source",
        f"/media/{media.pk}/",
        f"/media/{media.pk}/original/../../x",
        "/media/nonsense/original",
        "/media/../../etc/passwd",
        f"/media/{media.storage_path}",
        "/media/signed/nonsense",
    ):
        assert client.get(path).status_code in (403, 404), path


def test_only_reading(user: Any, client_of: ClientOf) -> None:
    path, client = media_path(make_media(user)), client_of(user)
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client, method)(path).status_code == 405


def test_a_file_that_is_gone(user: Any, client_of: ClientOf, folders: Path) -> None:
    media = make_media(user)
    (folders / media.bucket_name / media.storage_path).unlink()
    assert client_of(user).get(media_path(media)).status_code == 404


def test_a_row_that_has_no_file_yet(user: Any, client_of: ClientOf) -> None:
    item = make_item(user, status="generating")
    with as_service("test data"):
        type(item).objects.filter(pk=item.pk).update(storage_path="")
    assert client_of(user).get(media_path(item)).status_code == 404


def test_a_file_in_the_alternative_storage(user: Any, client_of: ClientOf, settings: Any) -> None:
    settings.STORAGE_DIR = REFUSES
    media = make_media(user)
    assert media.storage_place == "alternative"
    client = client_of(user)
    assert b"".join(client.get(media_path(media))) == png()
    assert client.get(media_path(media, "thumbnail"))["Content-Type"] == "image/webp"


def test_a_file_that_came_home_since_the_row_was_read(
    user: Any, client_of: ClientOf, folders: Path, settings: Any
) -> None:
    media = make_media(user)
    folders.rename(settings.STORAGE_ALTERNATIVE_DIR)
    assert client_of(user).get(media_path(media)).status_code == 200


class TestInS3:
    """The page's address stays the same; the browser is sent to the bucket."""

    def test_the_redirect_leads_to_the_file(
        self, in_s3: Any, user: Any, client_of: ClientOf
    ) -> None:
        client, media = client_of(user), make_media(user, prompt="a boat")
        answer = client.get(media_path(media))
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"{in_s3.endpoint_url}/{in_s3.bucket}/image_fast/")
        assert "private" in answer["Cache-Control"]
        found = httpx.get(answer["Location"], headers={"Range": "bytes=1-3"})
        assert (found.status_code, found.content) == (206, b"PNG")
        assert found.headers["content-type"] == "image/png"

    def test_it_is_the_same_for_everyone_who_may(
        self, in_s3: Any, user: Any, client_of: ClientOf
    ) -> None:
        client, media = client_of(user), make_media(user)
        assert (
            client.get(media_path(media))["Location"] == client.get(media_path(media))["Location"]
        )

    def test_head_is_answered_here(self, in_s3: Any, user: Any, client_of: ClientOf) -> None:
        answer = client_of(user).head(media_path(make_media(user)))
        assert (answer.status_code, answer["Content-Length"]) == (200, str(len(png())))

    def test_a_download_has_its_name(self, in_s3: Any, user: Any, client_of: ClientOf) -> None:
        media = make_media(user, prompt="a boat")
        answer = client_of(user).get(media_path(media, "download"))
        query = parse_qs(urlsplit(answer["Location"]).query)
        assert query["response-content-disposition"][0].startswith('attachment; filename="a-boat-')

    def test_nobody_else_is_redirected(
        self, in_s3: Any, user: Any, other_user: Any, client_of: ClientOf
    ) -> None:
        path = media_path(make_media(user))
        for client in (client_of(other_user), Client()):
            assert client.get(path).status_code == 404
