"""What a job starts from: checks that a person's reference, item or media fits the preset, keeps it
with the job, and hands it to the worker. Not for uploads (the library's) nor for files (storage).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from jobs.models import Capability, ContentType, Job, Preset
from jobs.specs import JobSpec, ReferenceSpec
from ourvidz import storage
from ourvidz.errors import Refused

IMAGE, MASK, VIDEO = "image", "mask", "video"
ROLES = (IMAGE, MASK, VIDEO)
RELATIONS = (
    "regenerate",
    "retry",
    "remix",
    "variation",
    "upscale",
    "animate",
    "continue",
    "edit",
    "inpaint",
)
# role and what is made → the capabilities of which one is enough
CAPABILITIES = {
    (IMAGE, ContentType.IMAGE): (
        Capability.IMAGE_TO_IMAGE,
        Capability.EDIT,
        Capability.UPSCALE,
        Capability.INPAINT,
    ),
    (MASK, ContentType.IMAGE): (Capability.INPAINT,),
    (IMAGE, ContentType.VIDEO): (Capability.IMAGE_TO_VIDEO,),
    (VIDEO, ContentType.VIDEO): (Capability.CONTINUE_VIDEO, Capability.UPSCALE_VIDEO),
}
# Kinds that can be called the parent of what is made from them; an upload is nobody's child.
PARENTS = ("item", "media")
# A worker fetches them before anything else; one that waits longer asks for the job again.
EXPIRE = timedelta(hours=1)


def checked_references(
    user: Any, preset: Preset, wanted: Sequence[ReferenceSpec]
) -> list[dict[str, Any]]:
    """Return what the job keeps of each reference, in order. Raises Refused.

    Each is {id, kind, role, strength, position, mime_type, width, height, url, title}.
    """
    _check_roles(preset, wanted)
    sources = storage.find_sources(user, [one.id for one in wanted])
    kept = [_kept(one, _ready(sources.get(one.id))) for one in _in_order(wanted)]
    _check_mask(kept)
    return kept


def parent_of(
    user: Any, preset: Preset, spec: JobSpec, references: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the job's columns parent_id, parent_kind and relation. Raises Refused.

    Without a parent in the request it is the first item or media that the job starts from.
    """
    if spec.relation and spec.relation not in RELATIONS:
        raise Refused("relation_unknown", field="relation", choices=", ".join(RELATIONS))
    if spec.parent_id:
        parent = storage.find_sources(user, [spec.parent_id]).get(spec.parent_id)
        if parent is None or parent.kind not in PARENTS:
            raise Refused("item_missing", field="parent_id")
        return _parent(parent.id, parent.kind, spec.relation or "remix")
    for one in references:
        if one["kind"] in PARENTS and one["role"] != MASK:
            relation = spec.relation or _relation(preset, references)
            return _parent(uuid.UUID(one["id"]), one["kind"], relation)
    return _parent(None, "", "")


def handed_out(job: Job) -> list[dict[str, Any]]:
    """Return the job's references for its worker, with signed urls that read them for an hour.

    Runs as the service. Raises Refused('reference_missing') where one was deleted meanwhile.
    """
    if not job.references:
        return []
    ids = [uuid.UUID(one["id"]) for one in job.references]
    sources = storage.find_sources(job.user_id, ids)
    return [_handed_out(one, sources.get(uuid.UUID(one["id"]))) for one in job.references]


def _check_roles(preset: Preset, wanted: Sequence[ReferenceSpec]) -> None:
    roles = [one.role for one in wanted]
    if unknown := next((role for role in roles if role not in ROLES), ""):
        raise Refused("reference_role", field="references", preset=str(preset), role=unknown)
    if (preset.needs_reference and not {IMAGE, VIDEO} & set(roles)) or roles == [MASK]:
        raise Refused("reference_needed", field="references")
    for role in roles:
        needed = CAPABILITIES.get((role, ContentType(preset.content_type)), ())
        if not preset.can(*needed):
            raise Refused("reference_role", field="references", preset=str(preset), role=role)
    if IMAGE in roles and MASK not in roles and not _takes_whole_pictures(preset):
        raise Refused("mask_needed", field="references", preset=str(preset))
    for role, limit in ((IMAGE, preset.max_references), (MASK, 1), (VIDEO, 1)):
        if roles.count(role) > limit:
            raise Refused("references_many", field="references", limit=limit, role=role)
    if IMAGE in roles and VIDEO in roles:
        raise Refused("references_both", field="references")


def _takes_whole_pictures(preset: Preset) -> bool:
    needed = CAPABILITIES[IMAGE, ContentType(preset.content_type)]
    return preset.can(*(one for one in needed if one != Capability.INPAINT))


def _in_order(wanted: Sequence[ReferenceSpec]) -> list[ReferenceSpec]:
    """Order by role, then by position; those without one stay as they came."""
    numbered = list(enumerate(wanted))
    numbered.sort(
        key=lambda pair: (
            ROLES.index(pair[1].role),
            pair[0] if pair[1].position is None else pair[1].position,
            pair[0],
        )
    )
    found, counts = [], dict.fromkeys(ROLES, 0)
    for _index, one in numbered:
        position, counts[one.role] = counts[one.role], counts[one.role] + 1
        found.append(
            ReferenceSpec(id=one.id, role=one.role, strength=one.strength, position=position)
        )
    return found


def _ready(source: storage.Source | None) -> storage.Source:
    if source is None:
        raise Refused("reference_missing", field="references")
    if not source.is_ready:
        raise Refused("reference_not_ready", field="references")
    return source


def _kept(one: ReferenceSpec, source: storage.Source) -> dict[str, Any]:
    wanted = "video/" if one.role == VIDEO else "image/"
    if not source.mime_type.startswith(wanted):
        raise Refused("reference_kind", field="references", role=one.role)
    # Written so that not-a-number is outside of the range.
    if one.strength is not None and not 0 <= one.strength <= 1:
        raise Refused("strength_range", field="references")
    return {
        "id": str(source.id),
        "kind": source.kind,
        "role": one.role,
        "strength": None if one.strength is None else round(float(one.strength), 2),
        "position": one.position,
        "mime_type": source.mime_type,
        "width": source.width,
        "height": source.height,
        "url": source.url,
        "title": source.title[:200],
    }


def _check_mask(kept: Sequence[dict[str, Any]]) -> None:
    """The mask covers the first picture exactly; what nobody measured, the worker checks."""
    first = {one["role"]: (one["width"], one["height"]) for one in reversed(kept)}
    if MASK not in first or IMAGE not in first:
        return
    known = all(first[MASK]) and all(first[IMAGE])
    if known and first[MASK] != first[IMAGE]:
        raise Refused("mask_size", field="references")


def _relation(preset: Preset, references: Sequence[dict[str, Any]]) -> str:
    roles = {one["role"] for one in references}
    if MASK in roles:
        return "inpaint"
    if not preset.needs_words:
        return "upscale"
    if VIDEO in roles:
        return "continue"
    if preset.content_type == ContentType.VIDEO:
        return "animate"
    return "edit" if preset.can(Capability.EDIT) else "remix"


def _parent(row_id: uuid.UUID | None, kind: str, relation: str) -> dict[str, Any]:
    return {"parent_id": row_id, "parent_kind": kind, "relation": relation}


def _handed_out(one: dict[str, Any], source: storage.Source | None) -> dict[str, Any]:
    if source is None or not source.is_ready:
        raise Refused("reference_missing")
    return {
        "role": one["role"],
        "position": one["position"],
        "strength": one["strength"],
        "mime_type": source.mime_type,
        "bytes": source.bytes,
        "sha256": source.sha256,
        "url": storage.signed_url(source.bucket, source.key, EXPIRE, place=source.place),
    }
