"""The seed's ON DELETE actions. They follow the tables, since Django adds foreign keys at the end
of a migration.
"""

from django.db import migrations

from ourvidz.private_table import on_delete


class Migration(migrations.Migration):
    dependencies = [("workspace", "0001_initial")]
    operations = [
        on_delete("workspace_sessions", "user_id", "users", "CASCADE"),
        on_delete("workspace_items", "user_id", "users", "CASCADE"),
        on_delete("workspace_items", "session_id", "workspace_sessions", "CASCADE"),
        on_delete("workspace_items", "job_id", "jobs", "SET NULL"),
        on_delete("workspace_items", "media_id", "media", "SET NULL"),
        on_delete("workspace_items", "parent_id", "workspace_items", "SET NULL"),
        on_delete("item_references", "item_id", "workspace_items", "CASCADE"),
        on_delete("item_references", "reference_id", "references", "CASCADE"),
        on_delete("item_references", "user_id", "users", "CASCADE"),
    ]
