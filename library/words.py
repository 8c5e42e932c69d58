"""Finds media by the words of their prompts and titles through the index of the column `words`,
which the database keeps itself. Not for what a person typed: see search.

PostgreSQL does not let a policy's reader use this index, since its operator is not known to keep
secrets. So only the ids are looked up as the service, for one person by a word of the index itself;
the rows are then read as that person, behind the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from ourvidz import rows

# The owner's lexeme is taken as it is: parsed as text, an id would fall apart at its dashes.
MATCH = '"media"."words" @@ (%s::tsquery && to_tsquery(\'simple\', %s))'
# The index of words can only be read by a bitmap, which is whole before its first row is known.
BITMAPS, ALL_BUT_BITMAPS = ("bitmapscan",), ("seqscan", "indexscan", "indexonlyscan")
FEW = 10_000
# How many rows of a list are looked at before the index is asked: as many, or for each of a page.
NEAR, NEAR_EACH = 1_000, 16
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
        ids = _soon(found, said)
        ids = _all(found, said) if ids is None else ids
    mine = found.model.objects.for_user(user).filter(pk__in=ids)
    if found.query.deferred_loading[0] and not found.query.deferred_loading[1]:
        mine = mine.only(*found.query.deferred_loading[0])
    if found.query.select_related:
        mine.query.select_related = found.query.select_related
    known = {row.pk: row for row in mine}
    return [known[pk] for pk in ids if pk in known]


def _soon(found: Any, said: RawSQL) -> list[Any] | None:
    """Return the page's ids where the list's first rows have enough that say it, or None.

    What many say is met at once; the index would collect all of it before its first answer.
    """
    end = found.query.high_mark
    if end is None:
        return None
    bare, most = _unlimited(found), max(NEAR, NEAR_EACH * end)
    bare.query.where = bare.query.where.clone()
    conditions = bare.query.where.children
    bare.query.where.children = [one for one in conditions if getattr(one, "lhs", None) != said]
    near = list(bare.values_list("pk", flat=True)[:most])
    with _without(BITMAPS):
        ids = list(_among(found, near).values_list("pk", flat=True))
    return ids if len(ids) == end - found.query.low_mark or len(near) < most else None


def _all(found: Any, said: RawSQL) -> list[Any]:
    """Return the page's ids, by the index of words or on a walk through the list."""
    few = _few(found.model, said)
    wanted = found if few is None else _among(found, few)
    return list(wanted.values_list("pk", flat=True)) if few != [] else []


def _unlimited(found: Any) -> Any:
    whole = found.all()
    whole.query.clear_limits()
    return whole


def _among(found: Any, ids: list[Any]) -> Any:
    """Return the same page of the same query, of these rows only."""
    first, end = found.query.low_mark, found.query.high_mark
    return _unlimited(found).filter(pk__in=ids)[first:end]


def _few(model: Any, said: RawSQL) -> list[Any] | None:
    """Return the ids of all that says it, or None where that is too many to sort.

    What many say is met soon on a walk through the list. What few or none say would be looked for
    in all of it: the database believes that every beginning of a word is common.
    """
    with _without(ALL_BUT_BITMAPS):
        few = list(model.objects.filter(said).values_list("pk", flat=True)[: FEW + 1])
    return few if len(few) <= FEW else None


@contextmanager
def _without(ways: Sequence[str]) -> Iterator[None]:
    """Let the database read tables in every way but these, which it would wrongly think quick."""
    setting = ", ".join(f"set_config('enable_{way}', %s, true)" for way in ways)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {setting}", ["off"] * len(ways))
        try:
            yield
        finally:
            if not connection.needs_rollback:
                cursor.execute(f"SELECT {setting}", ["on"] * len(ways))


def _quoted(text: str) -> str:
    """Write a text as one operand of a tsquery."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
