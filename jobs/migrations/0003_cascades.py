"""The seed's ON DELETE actions. They follow the tables, since Django adds foreign keys at the end
of a migration.
"""

from django.db import migrations

from ourvidz.private_table import on_delete


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_initial")]
    operations = [
        on_delete("jobs", "user_id", "users", "CASCADE"),
        on_delete("jobs", "workspace_session_id", "workspace_sessions", "SET NULL"),
        on_delete("jobs", "worker_id", "worker_urls", "SET NULL"),
        on_delete("job_status", "job_id", "jobs", "CASCADE"),
        on_delete("job_status", "user_id", "users", "CASCADE"),
    ]
