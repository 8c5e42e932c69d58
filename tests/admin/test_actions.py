"""What operators can do: cancel and re-queue jobs, switch workers, presets and accounts off, revoke
tokens, tidy the storage.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import ApiToken, User
from accounts.services import issue_token
from jobs.models import Job, Preset
from ourvidz import rows
from tests.admin.factories import PresetFactory, WorkerFactory, job_of
from workers.models import WorkerUrl

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(staff: Any, client_of: Any) -> Any:
    return client_of(staff)


def do(client: Any, model: Any, action: str, *found: Any) -> Any:
    """Choose an action for some rows of a list; return the page that follows."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    values = {"action": action, "_selected_action": [str(row.pk) for row in found]}
    answer = client.post(url, values, follow=True)
    assert answer.status_code == 200
    return answer


def now(row: Any) -> Any:
    with rows.as_service("test"):
        return type(row)._default_manager.get(pk=row.pk)


def test_cancel_and_queue_once_more(operator: Any, user: Any) -> None:
    PresetFactory()
    job = job_of(user)
    do(operator, Job, "cancel", job)
    assert now(job).status == "canceled"
    do(operator, Job, "requeue", job)
    assert now(job).status == "queued"
    with rows.as_service("test"):
        assert [row.status for row in job.history.order_by("created_at", "pk")][-2:] == [
            "canceled",
            "queued",
        ]


def test_what_succeeded_is_not_queued_again(operator: Any, user: Any) -> None:
    PresetFactory()
    job = job_of(user)
    with rows.as_service("test"):
        Job.objects.filter(pk=job.pk).update(status="succeeded")
    answer = do(operator, Job, "requeue", job)
    assert now(job).status == "succeeded"
    assert "finished already" in answer.content.decode()


def test_workers_are_disabled_and_enabled(operator: Any) -> None:
    worker = WorkerFactory()
    do(operator, WorkerUrl, "disable", worker)
    assert now(worker).status == "disabled"
    do(operator, WorkerUrl, "enable", worker)
    assert now(worker).status == "active"


def test_a_workers_token_can_be_revoked(operator: Any) -> None:
    worker = WorkerFactory()
    do(operator, WorkerUrl, "revoke_token", worker)
    assert now(worker).token_digest != worker.token_digest or now(worker).token_expires_at


def test_a_token_is_revoked(operator: Any, user: Any, client: Any) -> None:
    with rows.as_user(user):
        token, secret = issue_token(user=user, name="script", scopes=["read"], expires_at=None)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.get("/api/v1/me", **bearer).status_code == 200
    do(operator, ApiToken, "revoke", token)
    assert client.get("/api/v1/me", **bearer).status_code == 401


def test_the_digest_of_a_token_is_not_shown(operator: Any, user: Any) -> None:
    with rows.as_user(user):
        token, _secret = issue_token(user=user, name="script", scopes=["read"], expires_at=None)
    page = operator.get(reverse("admin:accounts_apitoken_change", args=[token.pk]))
    assert token.digest not in page.content.decode()


def test_the_hash_of_a_password_is_not_shown(operator: Any, user: Any) -> None:
    page = operator.get(reverse("admin:accounts_user_change", args=[user.pk]))
    assert user.email in page.content.decode()
    assert user.password not in page.content.decode()


def test_a_preset_is_switched_off_and_its_parameters_are_checked(operator: Any) -> None:
    preset = PresetFactory()
    url = reverse("admin:jobs_preset_change", args=[preset.pk])
    values = {
        "name": preset.name,
        "source": preset.source,
        "sort_order": 3,
        "expected_seconds": 4,
        "parameters": '[{"name": "steps"}]',
        "options": '{"dtype": "float32"}',
    }
    answer = operator.post(url, values)
    assert answer.status_code == 200 and "“type” is missing" in answer.content.decode()
    steps = '[{"name": "steps", "type": "integer", "min": 1, "max": 9, "default": 4}]'
    wrong = operator.post(url, values | {"parameters": steps, "options": '{"dtipe": "x"}'})
    assert wrong.status_code == 200 and "no option “dtipe”" in wrong.content.decode()
    assert operator.post(url, values | {"parameters": steps}).status_code == 302
    kept = now(preset)
    assert (kept.is_enabled, kept.sort_order, kept.parameters[0]["name"]) == (False, 3, "steps")
    changed = {"is_enabled", "sort_order", "expected_seconds", "parameters", "options"}
    assert set(kept.edited) == changed
    do(operator, Preset, "switch_on", preset)
    assert now(preset).is_enabled


def test_an_account_is_switched_off(operator: Any, user: Any, staff: Any, client_of: Any) -> None:
    client = client_of(user)
    assert client.get("/library/").status_code == 200
    do(operator, User, "switch_off", user, staff)
    assert not now(user).is_active
    assert now(staff).is_active, "An operator cannot lock themselves out."
    assert client.get("/library/").status_code == 302


def test_an_operator_makes_an_account(operator: Any, client: Any) -> None:
    url = reverse("admin:accounts_user_add")
    values = {"email": "Eve@Example.org", "password": "a long enough passphrase"}
    assert operator.post(url, values).status_code == 302
    with rows.as_service("test"):
        made = User.objects.get(email="eve@example.org")
        assert made.profile and made.check_password("a long enough passphrase")
    again = operator.post(url, values)
    assert again.status_code == 200 and "already" in again.content.decode()


def test_tidying_says_first_what_it_would_do(operator: Any) -> None:
    url = reverse("admin:cleanup")
    assert operator.get(url).status_code == 200
    dry = operator.post(url, {"dry": "1"}).content.decode()
    assert "nothing was changed" in dry
    real = operator.post(url, {"run": "1"}).content.decode()
    assert "files looked at" in real and "nothing was changed" not in real
