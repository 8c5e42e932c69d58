"""The operators' pages: every table can be listed, searched and filtered; nobody else gets in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from ourvidz import rows
from tests.admin.factories import PresetFactory, WorkerFactory, everything_of, job_of

pytestmark = pytest.mark.django_db

OURS = ("accounts", "jobs", "library", "workspace", "workers", "ourvidz")


def changelist(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def registered() -> list[Any]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def some_rows(user: Any, other_user: Any) -> None:
    PresetFactory()
    WorkerFactory()
    for person in (user, other_user):
        everything_of(person)


def test_every_model_of_ours_is_registered() -> None:
    from django.apps import apps

    ours = {m for m in apps.get_models() if m._meta.app_label in OURS}
    assert ours <= set(admin.site._registry)


def test_each_app_has_a_name_of_its_own(staff: Any, client_of: Any) -> None:
    page = client_of(staff).get(reverse("admin:index"))
    names = [app["name"] for app in page.context["app_list"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label)
def test_every_list_can_be_shown_searched_and_filtered(
    model: Any, some_rows: None, staff: Any, client_of: Any
) -> None:
    client = client_of(staff)
    options = admin.site._registry[model]
    assert options.search_fields and options.list_filter
    assert client.get(changelist(model)).status_code == 200
    for words in ("fox", "ada@example.org", "01932f4c-6e5a-7c1e-9d53-0f2b5f0fb001", "100%'\"\\"):
        assert client.get(changelist(model), {"q": words}).status_code == 200
    page = client.get(changelist(model))
    for spec in page.context["cl"].filter_specs:
        for choice in list(spec.choices(page.context["cl"]))[:4]:
            assert client.get(changelist(model) + choice["query_string"]).status_code == 200


@pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label)
def test_every_row_can_be_opened(model: Any, some_rows: None, staff: Any, client_of: Any) -> None:
    client = client_of(staff)
    client.get(reverse("admin:index"))
    with rows.as_service("test"):
        row = model._default_manager.first()
    if row is None:
        return
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    assert client.get(reverse(name, args=[row.pk])).status_code == 200


def test_an_operator_sees_everybodys_rows(some_rows: None, staff: Any, client_of: Any) -> None:
    from jobs.models import Job

    page = client_of(staff).get(changelist(Job))
    owners = {job.user.email for job in page.context["cl"].result_list}
    assert owners == {"ada@example.org", "bob@example.org"}


def test_elsewhere_an_operator_sees_only_their_own(
    some_rows: None, staff: Any, client_of: Any
) -> None:
    client = client_of(staff)
    assert client.get("/api/v1/jobs").json()["results"] == []
    assert "a fox at night" not in client.get("/library/").content.decode()


def test_search_finds_by_prompt_person_and_id(
    some_rows: None, user: Any, staff: Any, client_of: Any
) -> None:
    from jobs.models import Job

    client = client_of(staff)
    job = job_of(user, "a very special owl")

    def found(words: str) -> list[Any]:
        return list(client.get(changelist(Job), {"q": words}).context["cl"].result_list)

    assert found("special owl") == [job]
    assert found(str(job.pk)) == [job]
    assert found(str(job.batch_id)) == [job]
    assert {row.user_id for row in found("ada@")} == {user.pk}
    assert found("nothing such") == []


def test_strangers_are_led_to_the_sign_in_page(client: Any) -> None:
    answer = client.get("/admin/jobs/job/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert "next=" in answer.redirect_chain[-1][0]


def test_a_person_who_is_no_operator_sees_nothing(
    some_rows: None, user: Any, client_of: Any
) -> None:
    client = client_of(user)
    for url in ("/admin/", "/admin/jobs/job/", "/admin/cleanup/", "/admin/library/media/"):
        answer = client.get(url, follow=True)
        assert not answer.request["PATH_INFO"].startswith("/admin/")
        assert "a fox at night" not in answer.content.decode()


def test_signing_in_leads_back_to_the_operators_page(client: Any, staff: Any) -> None:
    from tests.factories import PASSWORD

    answer = client.get("/admin/", follow=True)
    sign_in = answer.redirect_chain[-1][0]
    values = {"login": staff.email, "password": PASSWORD, "next": "/admin/"}
    answer = client.post(sign_in, values, follow=True)
    assert answer.request["PATH_INFO"] == "/admin/"
    assert answer.status_code == 200


def test_rows_of_history_cannot_be_made_changed_or_deleted(
    some_rows: None, staff: Any, client_of: Any
) -> None:
    from jobs.models import Job, JobStatus
    from library.models import Media

    client = client_of(staff)
    for model in (Job, JobStatus, Media):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        with rows.as_service("test"):
            row: Any = model._default_manager.first()
        assert client.get(reverse(f"{name}_add")).status_code == 403
        assert (
            client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code
            == 403
        )
        assert (
            client.post(reverse(f"{name}_change", args=[row.pk]), {"prompt": "x"}).status_code
            == 403
        )


def test_a_list_costs_the_same_however_many_rows_there_are(
    some_rows: None, user: Any, staff: Any, client_of: Any, django_assert_max_num_queries: Any
) -> None:
    from jobs.models import Job

    client = client_of(staff)
    for number in range(12):
        job_of(user, f"castle {number}")
    client.get(changelist(Job))
    with django_assert_max_num_queries(24):
        client.get(changelist(Job))
