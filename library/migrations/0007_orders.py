"""Other orders of the library: each an index of exactly that order, over columns that are never
null and never long.
"""

from django.db import migrations, models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Left, Lower, NullIf

KEPT = Q(deleted_at__isnull=True)


class Migration(migrations.Migration):
    dependencies = [("library", "0006_words")]
    operations = [
        migrations.AddField(
            model_name="media",
            name="file_size",
            field=models.GeneratedField(
                expression=Coalesce("bytes", 0),
                output_field=models.BigIntegerField(),
                db_persist=True,
            ),
        ),
        migrations.AddField(
            model_name="media",
            name="sort_name",
            field=models.GeneratedField(
                expression=Lower(Left(Coalesce(NullIf("title", Value("")), "prompt"), 80)),
                output_field=models.TextField(),
                db_persist=True,
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                fields=["user", "-updated_at", "-id"], name="media_changed", condition=KEPT
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                fields=["user", "-file_size", "-id"], name="media_largest", condition=KEPT
            ),
        ),
        migrations.AddIndex(
            model_name="media",
            index=models.Index(
                fields=["user", "sort_name", "id"], name="media_by_name", condition=KEPT
            ),
        ),
    ]
