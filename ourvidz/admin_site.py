"""The operators' site: Django's admin with our sign-in, our look, and a page that tidies the
storage. Not for what it shows of each app: see their admin modules.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from ourvidz.storage.sweep import sweep


class OperatorConfig(AdminConfig):
    """Puts our site in the place of Django's own."""

    default_site = "ourvidz.admin_site.OperatorSite"


class OperatorSite(admin.AdminSite):
    """For operators only: everybody else is led to the sign-in page."""

    site_header = _("OurVidz operators")
    site_title = _("OurVidz operators")
    index_title = _("What there is")
    site_url = "/workspace/"

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the one sign-in page there is."""
        sign_in = reverse("account_login")
        if request.user.is_authenticated:
            # A person who is no operator: without a way back here, or it would be a circle.
            return redirect(sign_in)
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{sign_in}?{urlencode({'next': wanted})}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def get_urls(self) -> list[Any]:
        cleanup: list[URLPattern] = [
            path("cleanup/", self.admin_view(self.cleanup), name="cleanup"),
        ]
        return cleanup + super().get_urls()

    def cleanup(self, request: HttpRequest) -> HttpResponse:
        """Sweep the storage, or say what a sweep would do."""
        return _cleanup(request, self.each_context(request))


@require_http_methods(["GET", "HEAD", "POST"])
def _cleanup(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    lines: list[str] = []
    if request.method == "POST":
        report = sweep(dry_run="dry" in request.POST)
        lines = report.lines()
        level = messages.WARNING if report.failures else messages.SUCCESS
        messages.add_message(request, level, lines[0])
    context = {**context, "title": _("Tidy the storage"), "lines": lines}
    return TemplateResponse(request, "admin/cleanup.html", context)
