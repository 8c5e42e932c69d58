"""What can be made of a picture, and what the model is called that made it, for pages of other apps
that show one. Not for making it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from jobs import kept_presets
from jobs.models import Preset
from workspace.making import Act, acts_of

register = template.Library()


@register.simple_tag
def acts_for(kind: str, model: str) -> list[Act]:
    """Return the acts for an image or a video that this model made."""
    offered = [preset for preset in kept_presets.by_slug().values() if preset.is_offered]
    own = [preset for preset in offered if preset.slug == model]
    acts = [act for act in acts_of(offered) if act.kind == kind]
    return [act for act in acts if not act.is_variation or act in acts_of(own)]


@register.simple_tag
def models_named(slugs: Iterable[str]) -> list[tuple[str, str]]:
    """Return models with the names that the workspace gives them."""
    known = kept_presets.by_slug()
    return [(slug, _name(known.get(slug), slug)) for slug in slugs]


@register.filter
def model_name(slug: str | None) -> str:
    """Write the name that the workspace gives a model."""
    return _name(kept_presets.preset_of(slug), slug or "") if slug else ""


def _name(preset: Preset | None, slug: str) -> str:
    """Return a preset's name; of one that is gone, its slug to read."""
    return str(preset) if preset else slug.replace("-", " ").capitalize()
