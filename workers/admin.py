"""What operators see of workers, and how they switch them off and on. Tokens are made on the
command line, and never shown here.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ourvidz.admin_tools import RowAdmin
from workers import services
from workers.models import PoolMachine, WorkerEvent, WorkerPool, WorkerUrl

Status = WorkerUrl.Status


@admin.register(WorkerUrl)
class WorkerAdmin(RowAdmin):
    list_display = (
        "name",
        "kind",
        "status",
        "device",
        "loaded_preset",
        "current_job_id",
        "last_heartbeat_at",
        "version",
    )
    list_filter = ("status", "kind", "last_heartbeat_at")
    search_fields = ("name", "device", "url", "loaded_preset")
    ordering = ("name",)
    exclude = ("token_digest",)
    person = ""
    id_fields = ("pk", "current_job_id")
    actions = ("disable", "drain", "enable", "revoke_token")

    @admin.action(description=_("Disable"))
    def disable(self, request: HttpRequest, queryset: QuerySet[WorkerUrl]) -> None:
        """Let workers do nothing more; their jobs are taken back when their leases end."""
        self._set(request, queryset, Status.DISABLED, _("%(count)s disabled."))

    @admin.action(description=_("Drain: finish the job in hand, take no other"))
    def drain(self, request: HttpRequest, queryset: QuerySet[WorkerUrl]) -> None:
        self._set(request, queryset, Status.DRAINING, _("%(count)s draining."))

    @admin.action(description=_("Enable"))
    def enable(self, request: HttpRequest, queryset: QuerySet[WorkerUrl]) -> None:
        self._set(request, queryset, Status.ACTIVE, _("%(count)s enabled."))

    @admin.action(description=_("Revoke the token"))
    def revoke_token(self, request: HttpRequest, queryset: QuerySet[WorkerUrl]) -> None:
        """Make tokens worthless: the worker cannot come back without a new one."""

        def act(worker: WorkerUrl) -> None:
            services.revoke_worker_token(worker_id=worker.pk)

        self.each(request, queryset, act, _("%(count)s revoked."))

    def _set(
        self, request: HttpRequest, queryset: QuerySet[WorkerUrl], status: str, done: object
    ) -> None:
        def act(worker: WorkerUrl) -> None:
            services.set_worker_status(worker_id=worker.pk, status=status)

        self.each(request, queryset, act, done)


@admin.register(WorkerEvent)
class WorkerEventAdmin(RowAdmin):
    """The history of workers: only to be read."""

    list_display = ("created_at", "worker", "status", "reason")
    list_filter = ("status", "created_at")
    search_fields = ("worker__name", "reason")
    list_select_related = ("worker",)
    person = ""


@admin.register(WorkerPool)
class PoolAdmin(RowAdmin):
    """Pools are made and changed here: what they are is all an operator's choice."""

    list_display = ("name", "provider", "is_enabled", "wanted", "minimum", "maximum", "note")
    list_filter = ("provider", "is_enabled")
    search_fields = ("name",)
    ordering = ("name",)
    exclude = ("enrolment_digest",)
    readonly_fields = ("wanted", "note", "last_started_at", "surplus_since", "surplus_peak")
    person = ""
    editable = (
        "name",
        "provider",
        "is_enabled",
        "queues",
        "minimum",
        "maximum",
        "target_wait_seconds",
        "idle_seconds",
        "cool_down_seconds",
        "start_seconds",
        "cost_per_hour",
        "budget_per_day",
        "settings",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("workers.add_workerpool"))


@admin.register(PoolMachine)
class MachineAdmin(RowAdmin):
    list_display = (
        "pool",
        "status",
        "provider_id",
        "worker",
        "started_at",
        "stopped_at",
        "failure",
    )
    list_filter = ("pool", "status", "started_at")
    search_fields = ("provider_id", "failure", "worker__name")
    list_select_related = ("pool", "worker")
    person = ""
