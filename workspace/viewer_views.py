"""What the viewer asks for: all that is known of one item. Not for rules: services refuse."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from ourvidz.pages import signed_in
from workspace.models import WorkspaceItem
from workspace.viewing import Details


@signed_in
@require_GET
def details(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """How an item was made, its family, and what can be done with it."""
    items: Any = WorkspaceItem.objects.for_user(request.user).present().select_related("job")
    shown = Details(get_object_or_404(items, pk=item_id))
    context = {"details": shown, "item": shown.item, "card": shown.card, "batch": shown.batch}
    return render(request, "workspace/_details.html", context)
