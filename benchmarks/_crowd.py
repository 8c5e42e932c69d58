"""People with many pictures for benchmarks, written in one statement each: rows by the hundred
thousand would take hours through services. Not for tests.
"""

from __future__ import annotations

import io
import uuid
from typing import Any

# Imported only once the site's settings stand (benchmarks._site.running_site).
PASSWORD = "a long enough passphrase"
BUCKET = "sdxl_image_fast"
STORED = (
    "storage_path, bucket_name, storage_place, url, thumbnail_url, mime_type, bytes, sha256, "
    "width, height, thumbhash"
)
FILL_MEDIA = f"""
    INSERT INTO media (id, user_id, content_type, prompt, negative_prompt, title, relation,
      model_type, quality, seed, generation_params, metadata, created_at, {STORED})
    SELECT gen_random_uuid(), %(user)s, 'image', 'a castle in the snow number ' || n, '', '', '',
      'starter-fast', 'fast', n,
      '{{"width": 256, "height": 256, "steps": 10, "guidance": 3}}', '{{}}',
      now() - n * interval '1 minute',
      %(key)s, '{BUCKET}', 'primary', '/media/' || %(sample)s || '/original?v=1',
      '/media/' || %(sample)s || '/thumbnail?v=1', 'image/png', 1000, %(sha)s, 256, 256, ''
    FROM generate_series(1, %(count)s) n
"""
FILL_ITEMS = f"""
    INSERT INTO workspace_items (id, session_id, user_id, content_type, prompt, negative_prompt,
      relation, model_type, quality, seed, generation_params, metadata, created_at, status,
      batch_id, batch_index, failure_code, failure_params, {STORED})
    SELECT gen_random_uuid(), %(session)s, %(user)s, 'image', 'a castle in the snow number ' || n,
      '', '', 'starter-fast', 'fast', n,
      '{{"width": 256, "height": 256, "steps": 10, "guidance": 3}}', '{{}}',
      now() - n * interval '1 minute', 'generated', gen_random_uuid(), 0, '', '{{}}',
      %(key)s, '{BUCKET}', 'primary', '/media/' || %(sample)s || '/original?v=1',
      '/media/' || %(sample)s || '/thumbnail?v=1', 'image/png', 1000, %(sha)s, 256, 256, ''
    FROM generate_series(1, %(count)s) n
"""


def person_with(count: int) -> Any:
    """Make a person who has `count` media and as many items in one session; all show one
    picture.
    """
    from accounts.models import User
    from ourvidz import rows
    from workspace.sessions import create_workspace_session

    with rows.as_service("benchmark"):
        user = User.objects.create_user(f"{uuid.uuid4().hex}@example.org", PASSWORD)
        session = create_workspace_session(user=user, session_name=f"{count} items")
        facts = _sample(user) | {"user": user.pk, "session": session.pk, "count": count}
        _execute(FILL_MEDIA, facts)
        _execute(FILL_ITEMS, facts)
    return user


def library_of(count: int) -> Any:
    """Make a person who keeps `count` media and has no items; all show one picture."""
    from accounts.models import User
    from ourvidz import rows

    with rows.as_service("benchmark"):
        user = User.objects.create_user(f"{uuid.uuid4().hex}@example.org", PASSWORD)
        _execute(FILL_MEDIA, _sample(user) | {"user": user.pk, "count": count - 1})
    return user


def settle() -> None:
    """Let the planner know the tables as autovacuum would."""
    for table in ("media", "workspace_items", "jobs"):
        _execute(f"ANALYZE {table}", {})


def _sample(user: Any) -> dict[str, Any]:
    """Store one real picture with its thumbnail, and the media row that it belongs to."""
    from PIL import Image

    from library.models import Media
    from ourvidz import storage
    from ourvidz.models import uuid7

    file = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(file, "PNG")
    file.seek(0)
    media_id = uuid7()
    key = storage.library_key(user.pk, "image", media_id, "png")
    stored = storage.save(BUCKET, key, file, "image/png")
    storage.publish_thumbnail(BUCKET, key)
    Media.objects.create(
        id=media_id,
        user=user,
        content_type="image",
        prompt="the picture that all show",
        storage_path=key,
        bucket_name=BUCKET,
        bytes=stored.bytes,
        sha256=stored.sha256,
        width=256,
        height=256,
    )
    return {"key": key, "sha": stored.sha256, "sample": str(media_id)}


def _execute(sql: str, facts: dict[str, Any]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
