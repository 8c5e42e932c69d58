"""Asking for what was asked before once more: one item's request, or in place of what came to
nothing, alone or all of a row. Not for acts that make something else of a picture: see making.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from jobs import fairness
from jobs.models import Job
from jobs.services import queue_job
from jobs.specs import JobSpec, ReferenceSpec
from library.models import Media
from ourvidz import storage
from ourvidz.errors import Refused
from workspace.bin import put_in_bin
from workspace.models import WorkspaceItem
from workspace.references import references_of


@transaction.atomic
def retry_batch(*, user: Any, batch_id: uuid.UUID) -> list[Job]:
    """Make everything of a row that failed or was canceled once more with its own seed, or, where
    one of them is refused, nothing of it. What comes takes the place of what failed.

    What differs in nothing but its seed comes as one row. Raises Refused('nothing_to_retry' | …).
    """
    return _in_place_of(user, WorkspaceItem.objects.for_user(user).filter(batch_id=batch_id))


@transaction.atomic
def retry_item(*, user: Any, item_id: uuid.UUID) -> list[Job]:
    """Do the same for one item. Raises Refused('nothing_to_retry' | …)."""
    return _in_place_of(user, WorkspaceItem.objects.for_user(user).filter(pk=item_id))


def spec_again(
    row: WorkspaceItem | Media, keep_seed: bool, references: tuple[ReferenceSpec, ...]
) -> JobSpec:
    """Return the request that made a row, by its own seed or by a new one."""
    return JobSpec(
        prompt=row.prompt,
        preset=row.model_type or "",
        parameters=row.generation_params,
        seed=row.seed if keep_seed else None,
        destination=Job.Destination.WORKSPACE,
        parent_id=row.pk,
        relation="retry" if keep_seed else "regenerate",
        references=references,
    )


def _in_place_of(user: Any, items: Any) -> list[Job]:
    # Before the rows are read: a second request for the same finds them gone.
    fairness.in_turn(user.pk)
    failed = items.present().filter(status=WorkspaceItem.Status.FAILED)
    failed = list(failed.order_by("batch_index", "pk").prefetch_related("references"))
    if not failed:
        raise Refused("nothing_to_retry")
    known = storage.find_sources(user, filter(None, map(_parent_of, failed)))
    runs = _runs(_spec_of(item, known) for item in failed)
    jobs = [job for spec in runs for job in queue_job(user=user, spec=spec)]
    put_in_bin(failed)
    return jobs


def _spec_of(item: Any, known: Mapping[uuid.UUID, Any]) -> JobSpec:
    """The same request, made from what the failed one was made from, as long as that is there."""
    spec = spec_again(item, True, references_of(item.references.all()))
    parent = _parent_of(item)
    has_parent = parent in known
    relation = item.relation if has_parent else ""
    spec = replace(spec, parent_id=parent if has_parent else None, relation=relation)
    return replace(spec, session_id=item.session_id)


def _parent_of(item: WorkspaceItem) -> uuid.UUID | None:
    return item.parent_id or item.parent_media_id


def _runs(specs: Iterable[JobSpec]) -> list[JobSpec]:
    """Put requests whose seeds follow each other together."""
    runs: list[JobSpec] = []
    for spec in specs:
        if runs and _follows(spec, runs[-1]):
            runs[-1] = replace(runs[-1], count=runs[-1].count + 1)
        else:
            runs.append(spec)
    return runs


def _follows(spec: JobSpec, run: JobSpec) -> bool:
    """Whether a request is what one more of the run would be: see jobs.specs.varied."""
    if run.seed is None or spec.seed is None:
        return False
    parameters, seed = dict(run.parameters), run.seed
    if parameters.get("variation_strength"):
        parameters["variation_seed"] = (parameters.get("variation_seed") or 0) + run.count
    else:
        seed += run.count
    following = replace(run, seed=seed, parameters=parameters, parent_id=spec.parent_id, count=1)
    return spec == following
