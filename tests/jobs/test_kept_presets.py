"""Presets that are kept are always those of the table, whoever changed them and however."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs import kept_presets
from jobs.models import Preset
from ourvidz.rows import as_service

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presets", "as_system")]

SLUG = "starter-fast"


@pytest.fixture
def as_system() -> Iterator[None]:
    with as_service("test"):
        yield


def test_a_second_look_reads_the_stamp_alone() -> None:
    first = kept_presets.preset_of(SLUG)
    with CaptureQueriesContext(connection) as captured:
        assert kept_presets.preset_of(SLUG) is first
    assert len(captured) == 1


def test_a_change_counts_at_once_and_so_does_its_way_back() -> None:
    name = kept_presets.by_slug()[SLUG].name
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        for number in range(2):
            Preset.objects.filter(slug=SLUG).update(name=f"Another {number}")
            assert kept_presets.by_slug()[SLUG].name == f"Another {number}"
        raise ZeroDivisionError
    assert kept_presets.by_slug()[SLUG].name == name


def test_nothing_is_kept_of_one_that_is_gone() -> None:
    assert kept_presets.preset_of("nothing") is None
    assert kept_presets.preset_of(None) is None
    Preset.objects.filter(slug=SLUG).delete()
    assert kept_presets.preset_of(SLUG) is None
