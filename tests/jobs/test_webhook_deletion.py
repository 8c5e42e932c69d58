"""A webhook that is deleted in the moment in which a job that it hears of ends, by another process.
Not for what webhooks are told.
"""

from __future__ import annotations

import threading

from django.db import connection

from accounts.models import User
from jobs.models import Job, WebhookDelivery
from jobs.services import cancel_job, queue_job
from jobs.specs import JobSpec
from jobs.webhooks import services
from ourvidz.rows import as_service, as_user


def test_the_deletion_waits_until_the_end_is_written(
    own_database: str, empty_redis: None, presets: None, user: User
) -> None:
    with as_user(user):
        webhook = services.create_webhook(user=user, url="https://hooks.example.org/1")
        spec = JobSpec(prompt="a castle", preset="starter-fast", destination="workspace")
        job, deleted = queue_job(user=user, spec=spec)[0], threading.Event()

    def delete() -> None:
        try:
            with as_user(user):
                services.delete_webhook(user=user, webhook_id=webhook.pk)
            deleted.set()
        finally:
            connection.close()

    deletion = threading.Thread(target=delete)
    with as_user(user):
        cancel_job(user=user, job_id=job.pk)
        deletion.start()
        assert not deleted.wait(0.5)
    deletion.join()
    with as_service("test"):
        assert deleted.is_set() and not WebhookDelivery.objects.exists()
        assert Job.objects.get().status == "canceled"
