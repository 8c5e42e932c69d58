"""Finds media by the words of their prompts and titles through the index of the column `words`,
which the database keeps itself. Not for what a person typed: see search.

PostgreSQL does not let a policy's reader use this index, since its operator is not known to keep
secrets. So only the ids are looked up as the service, for one person by a word of the index itself;
the rows are then read as that person, behind the policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from ourvidz import rows

# The owner's lexeme is taken as it is: parsed as text, an id would fall apart at its dashes.
MATCH = '"media"."words" @@ (%s::tsquery && to_tsquery(\'simple\', %s))'
# The index of words can only be read so.
ONLY_BITMAPS = """
    SELECT set_config('enable_seqscan', %s, true), set_config('enable_indexscan', %s, true),
      set_config('enable_indexonlyscan', %s, true)
"""
FEW = 10_000
# Scripts that put no space between words: a word of theirs is found anywhere in the text.
UNSPACED = (0x0E00, 0x0E7F), (0x2E80, 0x9FFF), (0xA000, 0xD7FF), (0xF900, 0xFAFF)


def is_indexed(word: str) -> bool:
    """Say whether the index has this word and knows where it begins and ends."""
    return any(letter.isalnum() for letter in word) and not any(
        low <= ord(letter) <= high for letter in word for low, high in UNSPACED
    )


def anywhere(word: str) -> Q:
    """Return the condition for a word that the index does not know."""
    return Q(prompt__icontains=word) | Q(title__icontains=word)


def says(user: Any, words: Iterable[str], phrases: Iterable[str], without: Iterable[str]) -> RawSQL:
    """Return the condition: words that begin so, whole phrases, and none of `without`."""
    wanted = [f"{_quoted(word)}:*" for word in words]
    wanted += [_quoted(phrase) for phrase in phrases]
    wanted += [f"!({_quoted(word)}:*)" for word in without]
    owner = _quoted(str(getattr(user, "pk", user)))
    return RawSQL(MATCH, [owner, " & ".join(wanted)], output_field=BooleanField())


def read(found: Any, user: Any, said: RawSQL) -> list[Any]:
    """Return the rows of a query with the condition `said`: its ids as the service, them as the
    person.

    The query must itself say whose rows it wants.
    """
    with rows.as_service("the index of words is closed to readers behind a policy"):
        few = _few(found.model, said)
        wanted = found if few is None else _among(found, few)
        ids = list(wanted.values_list("pk", flat=True)) if few != [] else []
    mine = found.model.objects.for_user(user).filter(pk__in=ids)
    if found.query.deferred_loading[0] and not found.query.deferred_loading[1]:
        mine = mine.only(*found.query.deferred_loading[0])
    if found.query.select_related:
        mine.query.select_related = found.query.select_related
    known = {row.pk: row for row in mine}
    return [known[pk] for pk in ids if pk in known]


def _among(found: Any, ids: list[Any]) -> Any:
    """Return the same page of the same query, of these rows only."""
    first, end = found.query.low_mark, found.query.high_mark
    whole = found.all()
    whole.query.clear_limits()
    return whole.filter(pk__in=ids)[first:end]


def _few(model: Any, said: RawSQL) -> list[Any] | None:
    """Return the ids of all that says it, or None where that is too many to sort.

    What many say is met soon on a walk through the list. What few or none say would be looked for
    in all of it: the database believes that every beginning of a word is common.
    """
    with connection.cursor() as cursor:
        cursor.execute(ONLY_BITMAPS, ["off"] * 3)
        try:
            few = list(model.objects.filter(said).values_list("pk", flat=True)[: FEW + 1])
        finally:
            if not connection.needs_rollback:
                cursor.execute(ONLY_BITMAPS, ["on"] * 3)
    return few if len(few) <= FEW else None


def _quoted(text: str) -> str:
    """Write a text as one operand of a tsquery."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
