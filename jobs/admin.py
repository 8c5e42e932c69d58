"""What operators see of jobs: the queue, each job's story, the presets. A job's row is written by
services only; operators cancel it or queue it once more.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs import outcomes, services
from jobs.models import FairQueue, Job, JobStatus, Preset
from ourvidz.admin_tools import RowAdmin, RowInline
from ourvidz.errors import sentence

NEEDED = ("name", "type", "default")


class PresetFilter(admin.SimpleListFilter):
    """By preset: the choices come from the presets, not from a walk through all jobs."""

    title = _("preset")
    parameter_name = "preset"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(preset.slug, str(preset)) for preset in Preset.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(preset_slug=self.value()) if self.value() else queryset


class StoryInline(RowInline):
    """Every state that a job has been in."""

    model = JobStatus
    fields = readonly_fields = (
        "created_at",
        "status",
        "attempt",
        "worker_name",
        "reason",
        "params",
    )
    ordering = ("created_at", "pk")


@admin.register(Job)
class JobAdmin(RowAdmin):
    list_display = (
        "short_prompt",
        "user",
        "preset_slug",
        "status",
        "attempt",
        "worker",
        "created_at",
        "finished_at",
        "reason",
    )
    list_select_related = ("user", "worker")
    list_filter = ("status", PresetFilter, "destination", "content_type", "worker", "created_at")
    search_fields = ("prompt",)
    id_fields = ("pk", "batch_id", "user")
    actions = ("cancel", "requeue")
    inlines = (StoryInline,)

    @admin.display(description=_("prompt"))
    def short_prompt(self, job: Job) -> str:
        return job.prompt[:80]

    @admin.display(description=_("reason"))
    def reason(self, job: Job) -> str:
        return sentence(job.failure_code, job.failure_params) if job.failure_code else ""

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Cancel what waits at once, and what runs at its next step."""

        def act(job: Job) -> None:
            services.cancel_job(user=job.user_id, job_id=job.pk)

        unfinished = queryset.filter(status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
        self.each(request, unfinished, act, _("%(count)s canceled."))

    @admin.action(description=_("Queue once more"))
    def requeue(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Queue jobs that ended without a result, with a fresh set of attempts."""

        def act(job: Job) -> None:
            outcomes.requeue_job(job_id=job.pk)

        self.each(request, queryset, act, _("%(count)s queued once more."))


@admin.register(JobStatus)
class JobStatusAdmin(RowAdmin):
    list_display = ("created_at", "job", "status", "attempt", "worker_name", "reason")
    list_select_related = ("job",)
    list_filter = ("status", "created_at")
    search_fields = ("reason", "worker_name")
    id_fields = ("pk", "job", "user")


class PresetForm(forms.ModelForm):
    """What can be changed of a preset while it is in use."""

    class Meta:
        model = Preset
        fields = ["is_enabled", "sort_order", "expected_seconds", "parameters"]
        help_texts = {
            "parameters": _(
                "A list of {name, type, label, min, max, step, default, choices, help}. "
                "Reading the presets' file anew writes it over."
            )
        }

    def clean_parameters(self) -> list[dict[str, Any]]:
        parameters = self.cleaned_data["parameters"]
        if not isinstance(parameters, list) or not all(map(_is_declaration, parameters)):
            raise forms.ValidationError(
                _("Each entry needs %(names)s.") % {"names": ", ".join(NEEDED)}
            )
        return parameters


@admin.register(Preset)
class PresetAdmin(RowAdmin):
    form = PresetForm
    list_display = ("slug", "name", "quality", "content_type", "family", "licence", "is_enabled")
    list_filter = ("is_enabled", "content_type", "quality", "family")
    search_fields = ("slug", "name", "family", "source")
    ordering = ("sort_order", "slug")
    person = ""
    editable = ("is_enabled", "sort_order", "expected_seconds", "parameters")
    actions = ("switch_off", "switch_on")

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Preset]) -> None:
        queryset.update(is_enabled=False)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Preset]) -> None:
        queryset.update(is_enabled=True)


@admin.register(FairQueue)
class FairQueueAdmin(RowAdmin):
    list_display = ("name", "virtual_time")
    list_filter = ("name",)
    search_fields = ("name",)
    person = ""
    id_fields = ()


def _is_declaration(entry: Any) -> bool:
    return isinstance(entry, dict) and all(name in entry for name in NEEDED)
