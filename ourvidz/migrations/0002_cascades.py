"""The seed's ON DELETE actions. They follow the tables, since Django adds foreign keys at the end
of a migration.
"""

from django.db import migrations

from ourvidz.private_table import on_delete


class Migration(migrations.Migration):
    dependencies = [("ourvidz", "0001_initial")]
    operations = [
        on_delete("feed_heads", "user_id", "users", "CASCADE"),
    ]
