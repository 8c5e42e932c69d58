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

from jobs import outcomes, own_line, presets, services
from jobs.models import (
    FairQueue,
    Job,
    JobStatus,
    PersonLimit,
    Preset,
    Webhook,
    WebhookDelivery,
)
from jobs.preset_file import problem_of
from jobs.preset_options import problem_of_options
from ourvidz.admin_tools import RowAdmin, RowInline
from ourvidz.errors import sentence

# What an operator's click gives a job.
FIRST = 10


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
    actions = ("cancel", "requeue", "put_first", "put_back")
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

    @admin.action(description=_("Put before others"))
    def put_first(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Let waiting jobs go before those without priority."""
        self._prioritise(request, queryset, FIRST)

    @admin.action(description=_("Take the priority away"))
    def put_back(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Let waiting jobs go by the fair order."""
        self._prioritise(request, queryset, 0)

    def _prioritise(self, request: HttpRequest, queryset: QuerySet[Job], priority: int) -> None:
        def act(job: Job) -> None:
            own_line.prioritise_job(job_id=job.pk, priority=priority)

        self.each(request, queryset, act, _("%(count)s changed."))


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
        fields = list(presets.EDITABLE)
        help_texts = {
            "parameters": _(
                "A list of {name, type, label, min, max, step, default, choices, help}. "
                "The file of presets leaves alone what you change here."
            )
        }

    def clean_parameters(self) -> list[dict[str, Any]]:
        parameters = self.cleaned_data["parameters"]
        if not isinstance(parameters, list):
            raise forms.ValidationError(_("This is a list."))
        for declared in parameters:
            if problem := problem_of(declared):
                name = declared.get("name", "?") if isinstance(declared, dict) else "?"
                raise forms.ValidationError(f"{name}: {problem}")
        return parameters

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"]
        if problem := problem_of_options(options):
            raise forms.ValidationError(problem)
        return options


@admin.register(Preset)
class PresetAdmin(RowAdmin):
    form = PresetForm
    list_display = (
        "slug",
        "name",
        "quality",
        "content_type",
        "family",
        "licence",
        "is_enabled",
        "is_installed",
        "edited",
    )
    list_filter = ("is_enabled", "is_installed", "content_type", "quality", "family", "commercial")
    search_fields = ("slug", "name", "family", "source")
    ordering = ("sort_order", "slug")
    person = ""
    editable = presets.EDITABLE
    actions = ("switch_off", "switch_on", "take_the_files_values")

    def save_model(self, request: HttpRequest, obj: Preset, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        presets.note_edits(obj, form.changed_data)
        presets.note_installed()

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Preset]) -> None:
        self._switch(queryset, False)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Preset]) -> None:
        self._switch(queryset, True)

    @admin.action(description=_("Forget the changes made here"), permissions=["change"])
    def take_the_files_values(self, request: HttpRequest, queryset: QuerySet[Preset]) -> None:
        presets.forget_edits(queryset.values_list("slug", flat=True))

    def _switch(self, queryset: QuerySet[Preset], on: bool) -> None:
        for preset in queryset:
            presets.switch_preset(preset=preset, on=on)


@admin.register(FairQueue)
class FairQueueAdmin(RowAdmin):
    list_display = ("name", "virtual_time")
    list_filter = ("name",)
    search_fields = ("name",)
    person = ""
    id_fields = ()


@admin.register(PersonLimit)
class PersonLimitAdmin(RowAdmin):
    """What one person may, where it is not what everybody may."""

    list_display = ("user", "waiting", "running", "gpu_seconds")
    list_select_related = ("user",)
    list_filter = ("created_at",)
    search_fields = ("user__email",)
    autocomplete_fields = ("user",)
    id_fields = ("pk", "user")
    editable = ("user", "waiting", "running", "gpu_seconds")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)


@admin.register(Webhook)
class WebhookAdmin(RowAdmin):
    """Without secrets: they are their owner's."""

    exclude = ("secret", "previous_secret")
    list_display = ("url", "user", "events", "is_active", "disabled_reason", "created_at")
    list_select_related = ("user",)
    list_filter = ("is_active", "created_at")
    search_fields = ("url", "description")
    id_fields = ("pk", "user")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RowAdmin):
    list_display = ("created_at", "webhook", "event", "status", "attempts", "next_attempt_at")
    list_select_related = ("webhook",)
    list_filter = ("status", "event", "created_at")
    search_fields = ("event",)
    id_fields = ("pk", "webhook", "job_id", "user")
