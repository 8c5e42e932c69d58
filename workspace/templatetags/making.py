"""What can be made of a picture, for pages of other apps that show one. Not for making it."""

from __future__ import annotations

from django import template

from jobs import kept_presets
from workspace.making import Act, acts_of

register = template.Library()


@register.simple_tag
def acts_for(kind: str, model: str) -> list[Act]:
    """Return the acts for an image or a video that this model made."""
    offered = [preset for preset in kept_presets.by_slug().values() if preset.is_offered]
    own = [preset for preset in offered if preset.slug == model]
    acts = [act for act in acts_of(offered) if act.kind == kind]
    return [act for act in acts if not act.is_variation or act in acts_of(own)]
