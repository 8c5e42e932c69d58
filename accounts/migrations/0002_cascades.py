"""The seed's ON DELETE actions. They follow the tables, since Django adds foreign keys at the end
of a migration.
"""

from django.db import migrations

from ourvidz.private_table import on_delete


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        on_delete("profiles", "id", "users", "CASCADE"),
        on_delete("api_tokens", "user_id", "users", "CASCADE"),
    ]
