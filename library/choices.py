"""What the filters of the library offer one person. Not for what a chosen one means: listing."""

from __future__ import annotations

from typing import Any

from django.db import connection

# Each step goes to the next name in the index `media_of_model`, however many rows have it.
MODELS = """
    WITH RECURSIVE names AS (
      (SELECT model_type FROM media WHERE user_id = %(user)s AND deleted_at IS NULL
       ORDER BY model_type LIMIT 1)
      UNION ALL
      SELECT (SELECT model_type FROM media WHERE user_id = %(user)s AND deleted_at IS NULL
              AND model_type > names.model_type ORDER BY model_type LIMIT 1)
      FROM names WHERE names.model_type IS NOT NULL
    )
    SELECT model_type FROM names WHERE model_type <> '' LIMIT %(limit)s
"""
MOST_MODELS = 200


def models_of(user: Any) -> list[str]:
    """Return the slugs of the models that made what this person keeps, by name."""
    with connection.cursor() as cursor:
        cursor.execute(MODELS, {"user": getattr(user, "pk", user), "limit": MOST_MODELS})
        return [name for (name,) in cursor.fetchall()]
