"""The seed's ON DELETE actions. They follow the tables, since Django adds foreign keys at the end
of a migration.
"""

from django.db import migrations

from ourvidz.private_table import on_delete


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]
    operations = [
        on_delete("projects", "user_id", "users", "CASCADE"),
        on_delete("projects", "cover_id", "media", "SET NULL"),
        on_delete("media", "user_id", "users", "CASCADE"),
        on_delete("media", "project_id", "projects", "SET NULL"),
        on_delete("media", "parent_id", "media", "SET NULL"),
        on_delete("references", "user_id", "users", "CASCADE"),
    ]
