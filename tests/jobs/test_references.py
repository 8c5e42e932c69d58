"""References in a job's life: what a preset takes, whose it must be, what is written down, and what
the worker is handed. Not for the API's shapes: see tests/api.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import Client

from jobs import leases
from jobs.models import Job, Preset
from jobs.references import handed_out
from jobs.services import queue_job
from jobs.specs import JobSpec, ReferenceSpec
from library.models import Media
from library.references import delete_reference
from ourvidz.errors import Refused
from ourvidz.rows import as_service, as_user
from tests.storage.conftest import png
from tests.storage.factories import make_item, make_media, make_reference
from workspace.models import ItemReference, WorkspaceItem
from workspace.services import regenerate_item, regenerate_media, save_workspace_item_to_library

pytestmark = pytest.mark.django_db
SIZE = {"width": 64, "height": 64}


@pytest.fixture
def preset_with(presets: None) -> Callable[..., Preset]:
    """Return a function that makes a preset of these capabilities."""

    def make(*capabilities: str, **columns: Any) -> Preset:
        values = {"max_references": 1, "content_type": "image"} | columns
        with as_service("test data"):
            preset = Preset.objects.get(slug="starter-fast")
            preset.pk, preset.slug = uuid.uuid4(), "able"
            preset.capabilities = list(capabilities)
            for name, value in values.items():
                setattr(preset, name, value)
            preset.save(force_insert=True)
        return preset

    return make


def queue(user: Any, *references: ReferenceSpec, **wanted: Any) -> Job:
    spec = {"prompt": "a castle", "preset": "able", "destination": "workspace"} | wanted
    with as_user(user):
        return queue_job(user=user, spec=JobSpec(**spec, references=references))[0]


def refusal(user: Any, *references: ReferenceSpec, **wanted: Any) -> str:
    with pytest.raises(Refused) as refused:
        queue(user, *references, **wanted)
    assert str(refused.value)
    with as_user(user):
        assert not Job.objects.exists()
    return refused.value.code


def at(row: Any, role: str = "image", **more: Any) -> ReferenceSpec:
    return ReferenceSpec(id=row.pk, role=role, **more)


@pytest.mark.parametrize("make", [make_reference, make_item, make_media])
def test_every_kind_of_picture_can_be_started_from(
    user: Any, preset_with: Any, make: Callable[..., Any]
) -> None:
    preset_with("text_to_image", "image_to_image")
    job = queue(user, at(make(user, **SIZE), strength=0.456))
    [kept] = job.references
    assert (kept["role"], kept["strength"], kept["width"]) == ("image", 0.46, 64)
    with as_user(user):
        row = ItemReference.objects.get()
        item = WorkspaceItem.objects.get(job=job)
    assert (row.job_id, row.item_id) == (job.pk, item.pk)
    assert [row.reference_id, row.media_id, row.source_item_id].count(None) == 2
    assert item.reference_image_url == kept["url"]
    assert float(item.reference_strength) == 0.46


@pytest.mark.parametrize(
    ("capabilities", "content_type", "roles", "code"),
    [
        (["text_to_image"], "image", ["image"], "reference_role"),
        (["text_to_image", "image_to_image"], "image", ["mask"], "reference_needed"),
        (["text_to_image", "image_to_image"], "image", ["image", "mask"], "reference_role"),
        (["text_to_image", "inpaint"], "image", ["image"], "mask_needed"),
        (["image_to_image"], "image", [], "reference_needed"),
        (["image_to_video"], "video", ["image", "image"], "references_many"),
        (["text_to_video"], "video", ["image"], "reference_role"),
        (["continue_video"], "video", ["video"], "reference_kind"),
        (["continue_video", "image_to_video"], "video", ["video", "image"], "references_both"),
        (["image_to_image", "inpaint"], "image", ["image", "mask", "mask"], "references_many"),
    ],
)
def test_what_a_preset_cannot_take_is_refused(
    user: Any, preset_with: Any, capabilities: Any, content_type: str, roles: Any, code: str
) -> None:
    preset_with(*capabilities, content_type=content_type)
    picture = make_reference(user, **SIZE)
    assert refusal(user, *(at(picture, role) for role in roles)) == code


def test_a_reference_of_somebody_else_is_as_good_as_none(
    user: Any, other_user: Any, preset_with: Any
) -> None:
    preset_with("image_to_image")
    for row in (make_reference(other_user), make_item(other_user), make_media(other_user)):
        assert refusal(user, at(row)) == "reference_missing"
    assert refusal(user, ReferenceSpec(id=uuid.uuid4())) == "reference_missing"


def test_a_deleted_or_unfinished_one_is_refused(user: Any, preset_with: Any) -> None:
    preset_with("image_to_image")
    gone, unfinished = make_reference(user), make_item(user)
    with as_user(user):
        delete_reference(user=user, reference_id=gone.pk)
        WorkspaceItem.objects.update(storage_path="", status="generating")
    assert refusal(user, at(gone)) == "reference_missing"
    assert refusal(user, at(unfinished)) == "reference_not_ready"


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_is_from_0_to_1(user: Any, preset_with: Any, strength: float) -> None:
    preset_with("image_to_image")
    assert refusal(user, at(make_reference(user), strength=strength)) == "strength_range"


def test_a_mask_is_as_large_as_the_first_picture(user: Any, preset_with: Any) -> None:
    preset_with("inpaint", max_references=2)
    first, second = make_reference(user, **SIZE), make_reference(user, width=32, height=32)
    masks = make_reference(user, purpose="mask", **SIZE)
    # The order is the positions', not the list's.
    wanted = at(second, position=1), at(masks, "mask"), at(first, position=0)
    assert [one["role"] for one in queue(user, *wanted).references] == ["image", "image", "mask"]
    wrong = at(second, position=0), at(masks, "mask"), at(first, position=1)
    with pytest.raises(Refused) as refused:
        queue(user, *wrong)
    assert refused.value.code == "mask_size"


def test_an_upscaler_of_videos_takes_no_picture(user: Any, preset_with: Any) -> None:
    preset_with("upscale_video", content_type="video", max_references=0)
    picture = make_item(user, **SIZE)
    assert refusal(user, at(picture)) == "reference_role"
    assert refusal(user) == "reference_needed"


def test_an_upscaler_needs_no_words_of_its_own(user: Any, preset_with: Any) -> None:
    preset_with("upscale")
    item = make_item(user, **SIZE)
    job = queue(user, at(item), prompt="")
    assert (job.prompt, job.relation, job.parent_id) == (item.prompt, "upscale", item.pk)


@pytest.mark.parametrize(
    ("capabilities", "content_type", "roles", "relation"),
    [
        (["image_to_image"], "image", ["image"], "remix"),
        (["edit"], "image", ["image"], "edit"),
        (["image_to_image", "inpaint"], "image", ["image", "mask"], "inpaint"),
        (["image_to_video"], "video", ["image"], "animate"),
    ],
)
def test_what_is_made_from_an_item_or_media_knows_its_parent(
    user: Any, preset_with: Any, capabilities: Any, content_type: str, roles: Any, relation: str
) -> None:
    preset_with(*capabilities, content_type=content_type)
    for make, column in ((make_item, "parent_id"), (make_media, "parent_media_id")):
        source = make(user, **SIZE)
        job = queue(user, *(at(source, role) for role in roles))
        with as_user(user):
            item = WorkspaceItem.objects.get(job=job)
        assert (job.relation, item.relation) == (relation, relation)
        assert getattr(item, column) == source.pk


def test_a_named_parent_and_relation_win(user: Any, preset_with: Any) -> None:
    preset_with("text_to_image")
    item = make_item(user)
    job = queue(user, parent_id=item.pk, relation="variation")
    assert (job.parent_id, job.parent_kind, job.relation) == (item.pk, "item", "variation")


def test_a_made_up_relation_or_a_strangers_parent_is_refused(
    user: Any, other_user: Any, preset_with: Any
) -> None:
    preset_with("text_to_image")
    assert refusal(user, parent_id=make_item(other_user).pk) == "item_missing"
    assert refusal(user, parent_id=make_reference(user).pk) == "item_missing"
    assert refusal(user, relation="stolen") == "relation_unknown"


def test_the_library_remembers_too(user: Any, preset_with: Any, worker: Any, uploaded: Any) -> None:
    from jobs.outcomes import Made, finish_jobs

    preset_with("image_to_image")
    source = make_media(user, **SIZE)
    job = queue(user, at(source), destination="library")
    with as_service("test"):
        claimed = leases.claim_job(worker=worker, queues=["gpu.image"], presets=[])
        assert claimed == job
        result = Made(job_id=job.pk, attempt=1, output=uploaded(claimed))
        finish_jobs(worker=worker, made=[result])
    with as_user(user):
        made = Media.objects.get(job_id=job.pk)
        assert (made.parent_id, made.relation) == (source.pk, "remix")
        assert ItemReference.objects.get(job_id=job.pk).media_id == source.pk


def test_a_saved_item_keeps_the_media_it_was_made_from(user: Any, preset_with: Any) -> None:
    preset_with("text_to_image")
    source = make_media(user)
    item = make_item(user, parent_media_id=source.pk, relation="regenerate")
    with as_user(user):
        media = save_workspace_item_to_library(user=user, item_id=item.pk)
    assert (media.parent_id, media.relation) == (source.pk, "regenerate")


def test_making_it_again_starts_from_the_same_things(user: Any, preset_with: Any) -> None:
    preset_with("image_to_image", parameters=[])
    first = queue(user, at(make_reference(user), strength=0.25))
    with as_user(user):
        item = WorkspaceItem.objects.get(job=first)
        [again] = regenerate_item(user=user, item_id=item.pk)
    assert again.references == first.references
    assert (again.parent_id, again.relation) == (item.pk, "regenerate")


def test_making_media_again_records_them_as_the_parent(user: Any, preset_with: Any) -> None:
    preset_with("text_to_image", parameters=[])
    media = make_media(user, model_type="able", generation_params={}, seed=9)
    with as_user(user):
        [again] = regenerate_media(user=user, media_id=media.pk, keep_seed=True)
        item = WorkspaceItem.objects.get(job=again)
    assert (item.parent_media_id, item.relation, item.seed) == (media.pk, "retry", 9)


def test_the_worker_is_handed_a_url_that_reads_the_file(user: Any, preset_with: Any) -> None:
    preset_with("image_to_image")
    picture = make_reference(user, png(), **SIZE)
    job = queue(user, at(picture, strength=0.5))
    with as_service("claim"):
        [given] = handed_out(job)
    assert (given["sha256"], given["bytes"]) == (picture.sha256, picture.bytes)
    assert (given["role"], given["strength"], given["position"]) == ("image", 0.5, 0)
    answer = Client().get("/" + given["url"].split("/", 3)[3])
    assert answer.status_code == 200


def test_the_object_store_is_read_by_its_own_url(
    user: Any, preset_with: Any, s3_bucket: Any, settings: Any
) -> None:
    for name, value in s3_bucket.environment().items():
        setattr(settings, name, value)
    preset_with("image_to_image")
    content = png()
    job = queue(user, at(make_reference(user, content, **SIZE)))
    with as_service("claim"):
        [given] = handed_out(job)
    assert given["url"].startswith(s3_bucket.endpoint_url)
    assert httpx.get(given["url"]).content == content


def test_one_in_the_alternative_storage_is_found_there(
    user: Any, preset_with: Any, settings: Any, tmp_path: Any
) -> None:
    preset_with("image_to_image")
    # The primary cannot be written: its folder's name is a file's.
    settings.STORAGE_DIR = tmp_path / "full"
    settings.STORAGE_DIR.write_text("")
    settings.STORAGE_ALTERNATIVE_DIR = tmp_path / "other"
    picture = make_reference(user, png(), **SIZE)
    assert picture.storage_place == "alternative"
    job = queue(user, at(picture))
    with as_service("claim"):
        [given] = handed_out(job)
    assert Client().get("/" + given["url"].split("/", 3)[3]).status_code == 200


def test_one_that_was_deleted_meanwhile_fails_the_job(user: Any, preset_with: Any) -> None:
    preset_with("image_to_image")
    picture = make_reference(user)
    job = queue(user, at(picture))
    with as_user(user):
        delete_reference(user=user, reference_id=picture.pk)
    with as_service("claim"), pytest.raises(Refused) as refused:
        handed_out(job)
    assert refused.value.code == "reference_missing"


def test_what_is_deleted_for_good_leaves_the_record(user: Any, preset_with: Any) -> None:
    preset_with("image_to_image", parameters=[])
    picture = make_reference(user)
    job = queue(user, at(picture))
    with as_service("test"):
        picture.delete()
    with as_user(user):
        row = ItemReference.objects.get(job=job)
        assert row.reference_id is None
        with pytest.raises(Refused) as refused:
            regenerate_item(user=user, item_id=row.item_id)
    assert refused.value.code == "reference_missing"
