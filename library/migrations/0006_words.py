"""The words of prompts and titles, searched through an index, and the cascades of the tables of 0005
(they follow the tables, since Django adds foreign keys at the end of a migration). Django does not
know the column `words`: the database keeps it, and nothing but the search reads it (library.words).
"""

from django.db import migrations

from ourvidz.private_table import on_delete

# The owner is one of the words, so that the index itself finds one person's rows.
WORDS = """
    ALTER TABLE media ADD COLUMN words tsvector GENERATED ALWAYS AS (
      to_tsvector('simple', prompt || ' ' || title) || array_to_tsvector(ARRAY[user_id::text])
    ) STORED
"""


class Migration(migrations.Migration):
    dependencies = [("library", "0005_tags_and_saved_searches")]
    operations = [
        migrations.RunSQL(WORDS, "ALTER TABLE media DROP COLUMN words"),
        migrations.RunSQL(
            "CREATE INDEX media_words ON media USING gin (words)", "DROP INDEX media_words"
        ),
        on_delete("projects", "parent_id", "projects", "SET NULL"),
        on_delete("tags", "user_id", "users", "CASCADE"),
        on_delete("media_tags", "user_id", "users", "CASCADE"),
        on_delete("media_tags", "tag_id", "tags", "CASCADE"),
        on_delete("media_tags", "media_id", "media", "CASCADE"),
        on_delete("saved_searches", "user_id", "users", "CASCADE"),
    ]
