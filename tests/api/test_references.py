"""References in the API: named in a request, shown with the job and its item; masks that are not
listed; making something of the library again. Not for the rules: tests/jobs has them.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from jobs.models import Preset
from ourvidz.rows import as_service
from tests.api.conftest import V1, Api, is_problem
from tests.storage.conftest import png
from tests.storage.factories import make_media, make_reference

WANTED = {"prompt": "a castle in summer", "preset": "starter-fast", "destination": "workspace"}


@pytest.fixture
def able(database: None) -> None:
    """The starter preset takes two pictures."""
    with as_service("test data"):
        Preset.objects.filter(slug="starter-fast").update(
            capabilities=["text_to_image", "image_to_image", "inpaint"], max_references=2
        )


def test_a_job_shows_what_it_starts_from(api: Api, user: User, able: None) -> None:
    picture = make_reference(user, width=64, height=64)
    named = {"id": str(picture.pk), "strength": 0.6}
    answer = api.post("jobs", WANTED | {"references": [named]})
    assert answer.status_code == 202, answer.content
    job = answer.json()["jobs"][0]
    [shown] = job["references"]
    assert shown["url"].endswith(f"/media/{picture.pk}/original?v={picture.sha256[:8]}")
    without_url = {name: value for name, value in shown.items() if name != "url"}
    assert without_url == named | {"kind": "reference", "role": "image", "position": 0}
    assert api.get(f"jobs/{job['id']}").json()["references"] == job["references"]
    [item] = api.get("items").json()["results"]
    assert item["references"] == job["references"]


def test_what_it_is_made_from_is_its_parent(api: Api, user: User, able: None) -> None:
    media = make_media(user, width=64, height=64)
    job = api.post("jobs", WANTED | {"references": [{"id": str(media.pk)}]}).json()["jobs"][0]
    assert (job["parent_id"], job["relation"]) == (str(media.pk), "remix")
    [item] = api.get("items").json()["results"]
    assert (item["parent_media_id"], item["relation"]) == (str(media.pk), "remix")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"references": [{"id": "5"}]}, 400, "invalid"),
        ({"references": {}}, 400, "invalid"),
        ({"references": [{"id": "{id}", "role": "face"}]}, 400, "invalid"),
        ({"references": [{"id": "{id}", "strength": 2}]}, 400, "invalid"),
        ({"references": [{"id": "{id}"}] * 17}, 400, "invalid"),
        ({"references": [{"id": "{id}"}] * 3}, 422, "references_many"),
        ({"references": [{"id": "{id}", "role": "video"}]}, 422, "reference_role"),
        ({"references": [{"id": "{other}"}]}, 404, "reference_missing"),
        ({"parent_id": "{other}"}, 404, "item_missing"),
        ({"relation": "stolen"}, 400, "invalid"),
    ],
)
def test_refuses_references_that_cannot_be_used(
    api: Api, user: User, other_user: User, able: None, change: Any, status: int, code: str
) -> None:
    ids = {"{id}": make_reference(user).pk, "{other}": make_reference(other_user).pk}
    assert is_problem(api.post("jobs", WANTED | _with(ids, change)), status, code)


def _with(ids: dict[str, Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with(ids, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with(ids, inner) for inner in value]
    return str(ids.get(value, value)) if isinstance(value, str) else value


def test_a_mask_is_kept_but_not_listed(api: Api, user: User, able: None) -> None:
    answer = api.client.post(
        f"{V1}references",
        {"file": SimpleUploadedFile("mask.png", png(), "image/png"), "purpose": "mask"},
    )
    assert answer.status_code == 201, answer.content
    mask = answer.json()
    assert mask["purpose"] == "mask"
    assert api.get("references").json()["results"] == []
    assert api.get(f"references/{mask['id']}").status_code == 200
    size = {"width": mask["width"], "height": mask["height"]}
    picture = {"id": str(make_reference(user, **size).pk)}
    wanted = WANTED | {"references": [picture, {"id": mask["id"], "role": "mask"}]}
    assert api.post("jobs", wanted).status_code == 202


def test_media_are_made_again(api: Api, user: User, other_user: User) -> None:
    media = make_media(user, model_type="starter-fast", generation_params={}, seed=3)
    answer = api.post(f"media/{media.pk}/regenerate", {"keep_seed": True})
    assert answer.status_code == 202, answer.content
    job = answer.json()["jobs"][0]
    assert (job["seed"], job["parent_id"], job["relation"]) == (3, str(media.pk), "retry")
    assert is_problem(api.post(f"media/{make_media(other_user).pk}/regenerate", {}), 404)
