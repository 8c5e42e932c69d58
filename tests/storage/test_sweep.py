"""What the sweep takes, what it leaves alone, and how files come home."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from library.models import Media
from ourvidz import storage
from ourvidz.rows import as_service
from ourvidz.storage import places
from ourvidz.storage import sweep as sweeping
from ourvidz.storage.sweep import GRACE, Report
from tests.storage.conftest import REFUSES, png
from tests.storage.factories import make_item, make_media, make_reference
from workspace.models import WorkspaceSession

BUCKET = "image_fast"

pytestmark = pytest.mark.django_db

Sweep = Callable[..., Report]


@pytest.fixture
def sweep(django_capture_on_commit_callbacks: Any) -> Sweep:
    """The sweep, with what it does on commit."""

    def run(**options: Any) -> Report:
        with django_capture_on_commit_callbacks(execute=True):
            return sweeping.sweep(**options)

    return run


@pytest.fixture
def bring_home(django_capture_on_commit_callbacks: Any) -> Sweep:
    """The way home, with what it does on commit."""

    def run(**options: Any) -> Report:
        with django_capture_on_commit_callbacks(execute=True):
            return sweeping.bring_home(**options)

    return run


def orphan(place_name: str = "primary") -> str:
    """Store a file without a row; returns its key."""
    key = storage.library_key(uuid.uuid4(), "image", uuid.uuid4(), "png")
    name = f"{BUCKET}/{key}"
    places.place(place_name).write(name, io.BytesIO(png()), "image/png")
    return key


def later() -> Any:
    """Return a moment at which today's files are older than the grace period."""
    return timezone.now() + GRACE + timedelta(minutes=1)


def change(row: Any, **values: Any) -> None:
    with as_service("test data"):
        type(row).objects.filter(pk=row.pk).update(**values)


def has(row: Any, place: str = "primary") -> bool:
    return storage.exists(row.bucket_name, row.storage_path, place)


def still_there(row: Any) -> bool:
    with as_service("test"):
        return type(row).objects.filter(pk=row.pk).exists()


def test_a_session_that_was_deleted_long_ago_goes_with_its_last_item(
    sweep: Sweep, user: Any
) -> None:
    now = timezone.now()
    with as_service("test data"):
        long_ago, lately, kept = (
            WorkspaceSession.objects.create(user=user, deleted_at=deleted)
            for deleted in (now - timedelta(days=31), now - timedelta(days=29), None)
        )
        full = make_item(user, expires_at=now + timedelta(days=1)).session
        WorkspaceSession.objects.filter(pk=full.pk).update(deleted_at=now - timedelta(days=31))
    assert sweep(dry_run=True).expired == 1
    assert sweep().expired == 1
    with as_service("test"):
        left = set(WorkspaceSession.objects.values_list("pk", flat=True))
    assert left == {lately.pk, kept.pk, full.pk}
    assert long_ago.pk not in left


def test_files_without_a_row_go(primary: Any, user: Any, sweep: Sweep) -> None:
    kept: list[Any] = [make_media(user), make_item(user), make_reference(user)]
    key = orphan()
    report = sweep(now=later())
    assert (report.orphans, report.orphan_bytes, report.failures) == (1, len(png()), 0)
    assert not storage.exists(BUCKET, key)
    for row in kept:
        assert has(row)
        assert storage.exists(row.bucket_name, storage.thumbnail_key(row.storage_path))


def test_fresh_files_stay(sweep: Sweep) -> None:
    """A running job uploads its file before there is a row that points at it."""
    key = orphan()
    assert sweep().orphans == 0
    assert storage.exists(BUCKET, key)


def test_a_dry_run_changes_nothing(user: Any, folders: Path, sweep: Sweep) -> None:
    key, media = orphan(), make_media(user)
    gone = make_media(user, deleted_at=timezone.now() - timedelta(days=90))
    before = {path for path in folders.rglob("*") if path.is_file()}
    report = sweep(dry_run=True, now=later())
    assert (report.orphans, report.expired) == (1, 1)
    assert before == {path for path in folders.rglob("*") if path.is_file()}
    assert storage.exists(BUCKET, key) and has(media) and still_there(gone)


def test_what_a_crash_left_half_written_goes(folders: Path, sweep: Sweep) -> None:
    (folders / "incoming").mkdir(parents=True)
    (folders / "incoming" / "half").write_bytes(b"hal")
    assert sweep().unfinished == 0
    assert sweep(now=later()).unfinished == 1
    assert not (folders / "incoming" / "half").exists()


def test_what_is_not_ours_stays(folders: Path, sweep: Sweep) -> None:
    names = ["system_assets/example.png", "lost+found/x", f"image_fast/x/{uuid.uuid4()}.png"]
    for name in names:
        (folders / name).parent.mkdir(parents=True, exist_ok=True)
        (folders / name).write_bytes(b"x")
    assert sweep(now=later()).orphans == 0
    assert all((folders / name).exists() for name in names)


def test_a_thumbnail_goes_with_its_file(user: Any, sweep: Sweep) -> None:
    media = make_media(user)
    with as_service("test data"):
        Media.objects.filter(pk=media.pk).delete()
    assert sweep(now=later()).orphans == 2


def test_rows_whose_time_is_over_go_with_their_files(primary: Any, user: Any, sweep: Sweep) -> None:
    now = timezone.now()
    over = [
        make_item(user, expires_at=now - timedelta(minutes=1)),
        make_media(user, deleted_at=now - timedelta(days=31)),
        make_reference(user, deleted_at=now - timedelta(days=31)),
    ]
    kept = [
        make_item(user, expires_at=now + timedelta(minutes=1)),
        make_media(user, deleted_at=now - timedelta(days=29)),
        make_reference(user),
    ]
    assert sweep().expired == 3
    for row in over:
        assert not still_there(row) and not has(row)
    for row in kept:
        assert still_there(row) and has(row)


def test_the_page_hears_of_an_item_that_expires(user: Any, sweep: Sweep) -> None:
    from ourvidz import feed

    make_item(user, expires_at=timezone.now() - timedelta(minutes=1))
    make_media(user, deleted_at=timezone.now() - timedelta(days=31))
    with as_service("test"):
        before = feed.head(user.pk)
    sweep()
    with as_service("test"):
        # Not of the media: it was in the bin, so its page heard long ago.
        assert feed.head(user.pk) == before + 1


def test_an_item_that_expires_leaves_the_file_it_shares(user: Any, sweep: Sweep) -> None:
    media, item = make_media(user), make_item(user)
    change(
        item,
        storage_path=media.storage_path,
        bucket_name=media.bucket_name,
        expires_at=timezone.now() - timedelta(minutes=1),
    )
    assert sweep().expired == 1
    assert has(media) and not still_there(item)


class TestTheWayHome:
    """From the alternative storage to the primary."""

    @pytest.fixture
    def away(self, user: Any, settings: Any) -> Any:
        """Media that had to go to the alternative storage; the primary works again."""
        home, settings.STORAGE_DIR = settings.STORAGE_DIR, REFUSES
        media = make_media(user)
        settings.STORAGE_DIR = home
        assert media.storage_place == "alternative"
        return media

    def test_home_in_a_folder(self, away: Any, bring_home: Sweep) -> None:
        self.comes_home(away, bring_home)

    def test_home_in_s3(self, away: Any, in_s3: Any, bring_home: Sweep) -> None:
        self.comes_home(away, bring_home)

    def comes_home(self, away: Any, bring_home: Sweep) -> None:
        report = bring_home()
        assert (report.brought_home, report.still_away, report.failures) == (2, 0, 0)
        with as_service("test"):
            away.refresh_from_db()
        assert away.storage_place == "primary"
        thumbnail = storage.thumbnail_key(away.storage_path)
        for key in (away.storage_path, thumbnail):
            assert storage.exists(away.bucket_name, key)
            assert not storage.exists(away.bucket_name, key, "alternative")
        with storage.open(away.bucket_name, away.storage_path) as file:
            assert file.read() == png()
        assert bring_home().brought_home == 0

    def test_a_primary_that_still_refuses(
        self, away: Any, refusing: Callable[[], None], bring_home: Sweep
    ) -> None:
        refusing()
        report = bring_home()
        assert (report.brought_home, report.still_away) == (0, 2)
        with as_service("test"):
            away.refresh_from_db()
        assert away.storage_place == "alternative" and has(away, "alternative")

    def test_a_dry_run(self, away: Any, bring_home: Sweep) -> None:
        assert bring_home(dry_run=True).brought_home == 2
        assert has(away, "alternative") and not has(away)

    def test_a_copy_that_arrives_changed_is_not_trusted(
        self, away: Any, monkeypatch: pytest.MonkeyPatch, bring_home: Sweep
    ) -> None:
        home: Any = places.place("primary")
        write = home.write
        monkeypatch.setattr(
            home, "write", lambda name, file, kind: write(name, io.BytesIO(b"other"), kind)
        )
        assert bring_home().still_away == 2
        with as_service("test"):
            away.refresh_from_db()
        assert away.storage_place == "alternative" and has(away, "alternative")

    def test_a_file_of_a_running_job_waits(self, bring_home: Sweep) -> None:
        key = orphan("alternative")
        assert bring_home().brought_home == 0
        assert storage.exists(BUCKET, key, "alternative")


def test_a_store_that_is_away_is_reported(in_s3: Any, settings: Any, sweep: Sweep) -> None:
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    report = sweep(now=later())
    assert (report.failures, report.orphans) == (1, 0)


def test_the_command() -> None:
    key = orphan()
    out = io.StringIO()
    call_command("cleanup", "--dry-run", "--grace-hours", "0", stdout=out)
    assert "Dry run: nothing was changed." in out.getvalue()
    assert "1 files removed that belonged to nothing" in out.getvalue()
    assert storage.exists(BUCKET, key)
    call_command("cleanup", "--grace-hours", "0", stdout=io.StringIO())
    assert not storage.exists(BUCKET, key)


def test_the_report_says_everything() -> None:
    assert len(Report(dry_run=True).lines()) == len(Report(dry_run=False).lines()) + 1
