import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

from ourvidz.private_table import service_table, touch_trigger

STATES = [
    ("new", "Never seen"),
    ("active", "Active"),
    ("draining", "Draining"),
    ("unhealthy", "Unhealthy"),
    ("quarantined", "Quarantined"),
    ("gone", "Gone"),
    ("disabled", "Disabled"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("workers", "0004_surplus"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workerurl",
            name="status",
            field=models.CharField(choices=STATES, default="new", max_length=16),
        ),
        migrations.AddField(
            model_name="workerurl",
            name="failed_jobs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                blank=True,
                default=list,
                editable=False,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="workerurl",
            name="quarantines",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="How often in a row it was put into quarantine."
            ),
        ),
        migrations.AddField(
            model_name="workerurl",
            name="quarantined_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="WorkerEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("status", models.CharField(choices=STATES, max_length=16)),
                ("reason", models.CharField(blank=True, max_length=64)),
                (
                    "worker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="workers.workerurl",
                    ),
                ),
            ],
            options={
                "db_table": "worker_events",
                "indexes": [
                    models.Index(fields=["worker", "-created_at"], name="worker_events_newest"),
                    models.Index(fields=["created_at"], name="worker_events_old"),
                ],
            },
        ),
        service_table("worker_events"),
        touch_trigger("worker_events"),
    ]
