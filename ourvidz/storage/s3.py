"""A store in one S3 bucket, through django-storages: the seed's bucket names have underscores,
which S3 does not allow, so there they are the first segment of the key. Not for serving bytes
ourselves: pages and workers talk to the bucket by signed urls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from ourvidz.storage.place import CACHE_CONTROL, Held

MEMORY = 8 * 1024 * 1024
DELETE_BATCH = 1000
MISSING = ("404", "NoSuchKey", "NotFound")


class S3Place:
    """Keeps `<bucket>/<key>` as the key inside one S3 bucket. Safe to share between threads."""

    def __init__(
        self, bucket: str, endpoint: str, region: str, access_key: str, secret_key: str
    ) -> None:
        self.bucket, self.region = bucket, region
        # A service of one's own is reached by path; Amazon wants the bucket in the host's name.
        style = "path" if endpoint else "virtual"
        self.address = (
            f"{endpoint.rstrip('/')}/{bucket}"
            if endpoint
            else f"https://{bucket}.s3.{region}.amazonaws.com"
        )
        self.storage = S3Storage(
            bucket_name=bucket,
            endpoint_url=endpoint or None,
            region_name=region,
            access_key=access_key or None,
            secret_key=secret_key or None,
            file_overwrite=True,
            object_parameters={"CacheControl": CACHE_CONTROL},
            max_memory_size=MEMORY,
            client_config=_client_config(style),
        )

    @cached_property
    def client(self) -> Any:
        # One client for all threads: django-storages makes a new one for each, 60 ms a request.
        return self.storage.bucket.meta.client

    @cached_property
    def credentials(self) -> Any:
        if self.storage.access_key:
            return Credentials(self.storage.access_key, self.storage.secret_key)
        return self.storage._create_session().get_credentials()

    def write(self, name: str, source: BinaryIO, mime_type: str) -> None:
        content: Any = File(source, name=name)
        content.content_type = mime_type
        self.storage.save(name, content)

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self.storage.open(name, "rb"))

    def copy(self, name: str, new_name: str) -> None:
        try:
            self.client.copy_object(
                Bucket=self.bucket,
                Key=new_name,
                CopySource={"Bucket": self.bucket, "Key": name},
            )
        except ClientError as error:
            raise _translated(error, name) from error

    def delete(self, names: Iterable[str]) -> None:
        keys = [{"Key": name} for name in names]
        for start in range(0, len(keys), DELETE_BATCH):
            batch = {"Objects": keys[start : start + DELETE_BATCH], "Quiet": True}
            failed = self.client.delete_objects(Bucket=self.bucket, Delete=batch).get("Errors")
            if failed:
                raise OSError(f"{len(failed)} objects were not deleted: {failed[0]['Code']}")

    def held(self, name: str) -> Held | None:
        try:
            found = self.client.head_object(Bucket=self.bucket, Key=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None
            raise
        return Held(name, found["ContentLength"], found["LastModified"])

    def walk(self) -> Iterator[Held]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        for page in pages:
            for found in page.get("Contents", ()):
                yield Held(found["Key"], found["Size"], found["LastModified"])

    def path(self, name: str) -> None:
        return None

    def signed_get(
        self, name: str, *, mime_type: str, disposition: str, signed_at: datetime, seconds: int
    ) -> str:
        # The answer's headers are part of the signature: what a worker claimed does not matter.
        params = {
            "response-content-type": mime_type,
            "response-content-disposition": disposition,
            "response-cache-control": CACHE_CONTROL,
        }
        return self._sign("GET", name, params, {}, signed_at, seconds)

    def has_room(self) -> bool:
        return True

    def signed_put(self, name: str, *, mime_type: str, seconds: int) -> str:
        headers = {"Content-Type": mime_type}
        return self._sign("PUT", name, {}, headers, datetime.now(UTC), seconds)

    def _sign(
        self,
        method: str,
        name: str,
        params: dict[str, str],
        headers: dict[str, str],
        signed_at: datetime,
        seconds: int,
    ) -> str:
        address = f"{self.address}/{quote(name)}"
        request = AWSRequest(method=method, url=address, params=params, headers=headers)
        credentials = self.credentials.get_frozen_credentials()
        SteppedSignature(credentials, self.region, signed_at, seconds).add_auth(request)
        return str(request.url)


class SteppedSignature(S3SigV4QueryAuth):
    """Signs a url as of a given moment: the same moment gives the same url, which is cached."""

    def __init__(self, credentials: Any, region: str, signed_at: datetime, seconds: int) -> None:
        super().__init__(credentials, "s3", region, expires=seconds)
        self.signed_at = signed_at

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self.signed_at.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def _client_config(addressing_style: str) -> Config:
    return Config(
        s3={"addressing_style": addressing_style},
        signature_version="s3v4",
        # Short, since a person waits and the alternative storage is there to take over.
        connect_timeout=3,
        read_timeout=20,
        retries={"total_max_attempts": 2, "mode": "standard"},
        # Not every S3 service knows the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _translated(error: ClientError, name: str) -> Exception:
    if error.response["Error"]["Code"] in MISSING:
        return FileNotFoundError(name)
    return error
