from django.db import migrations

from ourvidz.private_table import on_delete


class Migration(migrations.Migration):
    dependencies = [
        ("workers", "0005_history_and_quarantine"),
    ]

    operations = [
        on_delete("worker_events", "worker_id", "worker_urls", "CASCADE"),
    ]
