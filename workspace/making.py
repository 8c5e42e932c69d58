"""What can be made from a picture or a video with one click: variations, a larger one, a video, its
continuation. Each is an ordinary job; this module only fills in what a person would choose. Not for
the dock, where they choose themselves.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from jobs.models import Capability, ContentType, Job, Preset
from jobs.services import queue_job
from jobs.specs import JobSpec, ReferenceSpec
from library.models import Media
from ourvidz.errors import Refused
from workspace import services
from workspace.models import ItemReference, WorkspaceItem
from workspace.references import references_of

VARIATIONS = {ContentType.IMAGE: 4, ContentType.VIDEO: 2}  # videos take long
REGENERATE = "regenerate"  # has a button of its own everywhere, so it is no entry of the menu


@dataclass(frozen=True)
class Act:
    """One entry of the menu. `kind` is what it starts from; `needs` what a preset must be able to
    do, the picture's own one for variations.
    """

    name: str
    label: Any
    icon: str
    kind: ContentType
    needs: Capability
    relation: str
    strength: float = 0.0
    scale: int = 0

    @property
    def is_variation(self) -> bool:
        return self.needs == Capability.VARIATION


IMAGE, VIDEO = ContentType.IMAGE, ContentType.VIDEO
SUBTLE, STRONG = 0.15, 0.45
_VARY = (IMAGE, Capability.VARIATION, "variation")
_VARY_VIDEO = (VIDEO, Capability.VARIATION, "variation")
_UPSCALE = (IMAGE, Capability.UPSCALE, "upscale")
ACTS = (
    Act("vary-subtle", _("Vary a little"), "sparkle", *_VARY, strength=SUBTLE),
    Act("vary-strong", _("Vary a lot"), "sparkles", *_VARY, strength=STRONG),
    Act("upscale-2", _("Upscale 2×"), "scaling", *_UPSCALE, scale=2),
    Act("upscale-4", _("Upscale 4×"), "maximize-2", *_UPSCALE, scale=4),
    Act("animate", _("Animate"), "clapperboard", IMAGE, Capability.IMAGE_TO_VIDEO, "animate"),
    Act("continue", _("Continue"), "step-forward", VIDEO, Capability.CONTINUE_VIDEO, "continue"),
    Act("vary-video-subtle", _("Vary a little"), "sparkle", *_VARY_VIDEO, strength=SUBTLE),
    Act("vary-video-strong", _("Vary a lot"), "sparkles", *_VARY_VIDEO, strength=STRONG),
    Act(
        "upscale-video-2",
        _("Upscale 2×"),
        "scaling",
        *(VIDEO, Capability.UPSCALE_VIDEO, "upscale"),
        scale=2,
    ),
)


def acts_of(presets: Iterable[Preset]) -> list[Act]:
    """Return the acts for which one of the presets offered here is made."""
    offered = [preset for preset in presets if preset.is_offered]
    return [act for act in ACTS if any(_fits(preset, act) for preset in offered)]


def make_from(*, user: Any, source_id: uuid.UUID, act_name: str, session_id: Any) -> list[Job]:
    """Queue what the act makes of an item or media of this person's. Raises Refused."""
    act = next((each for each in ACTS if each.name == act_name), None)
    source = _source(user, source_id)
    if source is None or (act is None and act_name != REGENERATE):
        raise Refused("item_missing")
    if act is None:
        return _again(user, source)
    preset = _preset(source, act)
    spec = _variation(source, act) if act.is_variation else _derived(source, act, preset)
    parent = {"parent_id": source.pk, "relation": act.relation}
    room = {"session_id": session_id, "destination": Job.Destination.WORKSPACE}
    return queue_job(
        user=user, spec=JobSpec(prompt=source.prompt, preset=preset.slug, **parent, **room, **spec)
    )


def _again(user: Any, source: Any) -> list[Job]:
    if isinstance(source, Media):
        return services.regenerate_media(user=user, media_id=source.pk)
    return services.regenerate_item(user=user, item_id=source.pk)


def _source(user: Any, source_id: uuid.UUID) -> Any:
    items: Any = WorkspaceItem.objects.for_user(user).present()
    media: Any = Media.objects.for_user(user).kept()
    return items.filter(pk=source_id).first() or media.filter(pk=source_id).first()


def _preset(source: Any, act: Act) -> Preset:
    offered = [preset for preset in Preset.objects.offered() if _fits(preset, act)]
    if act.is_variation:
        offered = [preset for preset in offered if preset.slug == source.model_type]
    if not offered:
        raise Refused("act_unavailable")
    return offered[0]


def _fits(preset: Preset, act: Act) -> bool:
    # Of a picture a variation is a picture, of a video a video.
    if not preset.can(act.needs) or (act.is_variation and preset.content_type != act.kind):
        return False
    declared = {entry["name"]: entry for entry in preset.parameters}
    return not act.scale or act.scale in declared.get("scale", {}).get("choices", [act.scale])


def _variation(source: Any, act: Act) -> dict[str, Any]:
    """The same seed, settings and pictures; queue_job gives each job a variation of its own."""
    parameters = dict(source.generation_params) | {"variation_strength": act.strength}
    parameters.pop("variation_seed", None)
    began_with: Any = ItemReference.objects.for_user(source.user_id)
    found = references_of(began_with.filter(job_id=source.job_id)) if source.job_id else ()
    same = {"seed": source.seed, "references": found}
    return {"parameters": parameters, "count": VARIATIONS[act.kind], **same}


def _derived(source: Any, act: Act, preset: Preset) -> dict[str, Any]:
    role = "video" if source.content_type == VIDEO else "image"
    parameters = {"scale": act.scale} if act.scale else {}
    return {
        "parameters": parameters,
        "references": (ReferenceSpec(id=source.pk, role=role),),
    }
