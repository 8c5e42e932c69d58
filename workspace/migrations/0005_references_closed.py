"""The policies and ON DELETE actions of the columns that the migration before added."""

from django.db import migrations

from ourvidz.private_table import on_delete, parents_of


class Migration(migrations.Migration):
    dependencies = [("workspace", "0004_references")]
    operations = [
        parents_of(
            "workspace_items",
            {
                "session_id": "workspace_sessions",
                "job_id": "jobs",
                "media_id": "media",
                "parent_id": "workspace_items",
                "parent_media_id": "media",
            },
        ),
        parents_of(
            "item_references",
            {
                "job_id": "jobs",
                "item_id": "workspace_items",
                "reference_id": "references",
                "media_id": "media",
                "source_item_id": "workspace_items",
            },
        ),
        on_delete("workspace_items", "parent_media_id", "media", "SET NULL"),
        on_delete("item_references", "job_id", "jobs", "CASCADE"),
        on_delete("item_references", "item_id", "workspace_items", "SET NULL"),
        on_delete("item_references", "reference_id", "references", "SET NULL"),
        on_delete("item_references", "media_id", "media", "SET NULL"),
        on_delete("item_references", "source_item_id", "workspace_items", "SET NULL"),
    ]
