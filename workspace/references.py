"""Which results were made from what: a row of `item_references` for each reference of a new job, in
the workspace or straight to the library. Not for checking references: jobs do.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from jobs.models import Job
from jobs.specs import ReferenceSpec
from ourvidz.errors import Refused
from workspace.models import ItemReference, WorkspaceItem

# A kind of source → the column that points at it.
COLUMNS = {"reference": "reference_id", "media": "media_id", "item": "source_item_id"}


def record_references(jobs: Sequence[Job]) -> None:
    """Write down what each job of a new batch starts from."""
    jobs = [job for job in jobs if job.references]
    if not jobs:
        return
    made = WorkspaceItem.objects.filter(job_id__in=[job.pk for job in jobs])
    items: dict[Any, Any] = dict(made.values_list("job_id", "pk"))
    ItemReference.objects.bulk_create(
        _row(job, items.get(job.pk), reference) for job in jobs for reference in job.references
    )


def references_of(rows: Iterable[ItemReference]) -> tuple[ReferenceSpec, ...]:
    """Return recorded references as a new request would name them.

    Raises Refused('reference_missing') where one was deleted for good.
    """
    return tuple(_spec(row) for row in sorted(rows, key=lambda row: (row.role, row.position)))


def _row(job: Job, item_id: uuid.UUID | None, reference: dict[str, Any]) -> ItemReference:
    return ItemReference(
        user_id=job.user_id,
        job_id=job.pk,
        item_id=item_id,
        role=reference["role"],
        position=reference["position"],
        strength=reference["strength"],
        **{COLUMNS[reference["kind"]]: uuid.UUID(reference["id"])},
    )


def _spec(row: ItemReference) -> ReferenceSpec:
    source = row.reference_id or row.media_id or row.source_item_id
    if source is None:
        raise Refused("reference_missing", field="references")
    strength = None if row.strength is None else float(row.strength)
    return ReferenceSpec(id=source, role=row.role, strength=strength, position=row.position)
