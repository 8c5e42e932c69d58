"""How presets and jobs look in the API. Not for checking a request against a preset: see specs."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from jobs.models import Job, JobStatus
from jobs.references import RELATIONS, ROLES
from jobs.specs import COUNT_LIMIT, SEED_LIMIT
from ourvidz.errors import sentence
from ourvidz.serializers import FileUrl

# Far more than any preset takes.
MOST_REFERENCES = 16

JOB_ID = "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b01"
BATCH_ID = "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b00"
SESSION_ID = "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9c01"
ITEM_ID = "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9d01"
URLS = {
    "status": f"https://ourvidz.example/api/v1/jobs/{JOB_ID}",
    "result": f"https://ourvidz.example/api/v1/jobs/{JOB_ID}/result",
    "cancel": f"https://ourvidz.example/api/v1/jobs/{JOB_ID}/cancel",
    "events": f"https://ourvidz.example/api/v1/jobs/{JOB_ID}/events",
    "batch": f"https://ourvidz.example/api/v1/batches/{BATCH_ID}",
}
URL_NAMES = {
    "status": "api_job",
    "result": "api_job_result",
    "cancel": "api_job_cancel",
    "events": "api_job_events",
}
REFERENCE = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fa001",
    "kind": "reference",
    "role": "image",
    "strength": 0.6,
    "position": 0,
    "url": "https://ourvidz.example/media/01932f4c-6e5a-7c1e-9d53-0f2b5f0fa001/original?v=9f86d081",
}
JOB = {
    "id": JOB_ID,
    "batch_id": BATCH_ID,
    "batch_index": 0,
    "status": "running",
    "preset": "starter-fast",
    "preset_revision": "",
    "content_type": "image",
    "quality": "fast",
    "prompt": "a castle in the snow at sunset",
    "negative_prompt": "",
    "parameters": {"width": 256, "height": 256, "steps": 10, "guidance": 3.0},
    "seed": 7,
    "destination": "workspace",
    "session_id": SESSION_ID,
    "project_id": None,
    "references": [REFERENCE],
    "parent_id": None,
    "relation": "",
    "priority": 0,
    "paused_at": None,
    "start_by": None,
    "attempt": 1,
    "progress": {"step": 4, "of": 10},
    "failure": None,
    "timings": {},
    "created_at": "2026-11-24T20:15:00Z",
    "started_at": "2026-11-24T20:15:01Z",
    "finished_at": None,
    "urls": URLS,
}
HISTORY = [
    {"status": "queued", "attempt": 0, "reason": "", "at": "2026-11-24T20:15:00Z"},
    {"status": "running", "attempt": 1, "reason": "", "at": "2026-11-24T20:15:01Z"},
]


class ReferenceRequest(serializers.Serializer[Any]):
    """What to start from: an uploaded reference, an item of the workspace, or media."""

    id = serializers.UUIDField()
    role = serializers.ChoiceField(
        ROLES,
        required=False,
        default="image",
        help_text="`mask`: white is repainted; `video`: continued from its last frame.",
    )
    strength = serializers.FloatField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=1,
        help_text="How far the result may leave it; the model's own choice if left out.",
    )
    position = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=MOST_REFERENCES
    )


class ReferenceShown(serializers.Serializer[Any]):
    """What a job starts from. `url` leads nowhere once that was deleted."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["reference", "item", "media"])
    role = serializers.ChoiceField(ROLES)
    strength = serializers.FloatField(allow_null=True)
    position = serializers.IntegerField()
    url = FileUrl()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two pictures into the active session",
            value={
                "prompt": "a castle in the snow at sunset",
                "preset": "starter-fast",
                "parameters": {"width": 256, "height": 256},
                "count": 2,
                "destination": "workspace",
            },
            request_only=True,
        ),
        OpenApiExample(
            "From a picture of yours",
            value={
                "prompt": "the same castle in summer",
                "preset": "starter-fast",
                "references": [{"id": REFERENCE["id"], "role": "image", "strength": 0.6}],
                "destination": "workspace",
            },
            request_only=True,
        ),
        OpenApiExample(
            "One picture, straight to the library",
            value={"prompt": "a red balloon", "preset": "starter-fast", "seed": 7},
            request_only=True,
        ),
    ]
)
class JobRequest(serializers.Serializer[Any]):
    """What to make. `parameters` are the preset's own; what is left out takes its default."""

    prompt = serializers.CharField(allow_blank=True, trim_whitespace=False)
    preset = serializers.CharField(max_length=64)
    parameters = serializers.DictField(child=serializers.JSONField(), required=False, default=dict)
    seed = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text=f"0 to {SEED_LIMIT}; random if left out. Each further item takes the next one.",
    )
    count = serializers.IntegerField(
        required=False, default=1, help_text=f"How many items, 1 to {COUNT_LIMIT}."
    )
    destination = serializers.ChoiceField(
        Job.Destination.choices, required=False, default=Job.Destination.LIBRARY
    )
    session_id = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="For `workspace`; the active session (or a new one) if left out.",
    )
    project_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="For `library`."
    )
    references = ReferenceRequest(many=True, required=False, default=list)  # type: ignore[assignment]
    parent_id = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The item or the media that this is made from. If left out: the first reference "
        "that is one.",
    )
    relation = serializers.ChoiceField(
        [*RELATIONS, ""],
        required=False,
        default="",
        help_text="How it is made from its parent; told by the references if left out.",
    )

    start_by = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="What has not started by then is given up (`not_started`).",
    )
    priority = serializers.IntegerField(
        required=False, default=0, help_text="For operators: higher ones go first."
    )

    def validate_references(self, given: list[Any]) -> list[Any]:
        if len(given) > MOST_REFERENCES:
            raise serializers.ValidationError("too many", code="max_length")
        return given


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a running job is."""

    step = serializers.IntegerField()
    of = serializers.IntegerField()


class FailureSerializer(serializers.Serializer[Any]):
    """Why there is no result: a stable code, and words for people."""

    code = serializers.CharField()
    detail = serializers.CharField()


class JobUrls(serializers.Serializer[Any]):
    """Where to go on from here."""

    status = serializers.URLField(help_text="GET: the job.")
    result = serializers.URLField(help_text="GET: the item or the media it made.")
    cancel = serializers.URLField(help_text="POST: stop it.")
    events = serializers.URLField(help_text="GET: its states and steps, as they come.")
    batch = serializers.URLField(help_text="GET: all jobs of the same request.")


@extend_schema_serializer(examples=[OpenApiExample("A job", value=JOB, response_only=True)])
class JobSerializer(serializers.ModelSerializer[Job]):
    """One item to make, and how far it is."""

    preset = serializers.CharField(source="preset_slug")
    session_id = serializers.UUIDField(source="workspace_session_id", allow_null=True)
    references = ReferenceShown(many=True)
    parent_id = serializers.UUIDField(
        allow_null=True, help_text="The item or the media that it is made from."
    )
    parameters = serializers.DictField(child=serializers.JSONField())
    timings = serializers.DictField(child=serializers.FloatField(), help_text="Seconds.")
    progress = serializers.SerializerMethodField(
        help_text="The latest step of a running job; null where none is known."
    )
    failure = serializers.SerializerMethodField()
    urls = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = list(JOB)
        read_only_fields = fields

    @extend_schema_field(ProgressSerializer(allow_null=True))
    def get_progress(self, job: Job) -> dict[str, int] | None:
        found = self.context.get("progress", {}).get(str(job.pk))
        return {"step": found["step"], "of": found["of"]} if found else None

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, job: Job) -> dict[str, str] | None:
        return failure_of(job)

    @extend_schema_field(JobUrls)
    def get_urls(self, job: Job) -> dict[str, str]:
        absolute = self.context["request"].build_absolute_uri
        urls = {key: absolute(reverse(name, args=[job.pk])) for key, name in URL_NAMES.items()}
        return urls | {"batch": absolute(reverse("api_batch", args=[job.batch_id]))}


class TransitionSerializer(serializers.ModelSerializer[JobStatus]):
    """One state that the job has been in. `reason` is a code."""

    at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = JobStatus
        fields = ["status", "attempt", "reason", "at"]
        read_only_fields = fields


class ExpectedSerializer(serializers.Serializer[Any]):
    """Where a job stands in the line; without seconds where nobody works on such jobs."""

    place = serializers.IntegerField(help_text="1 is next.")
    start = serializers.FloatField(required=False, help_text="Seconds until it starts.")
    seconds = serializers.FloatField(required=False, help_text="Seconds until it is ready.")


DETAILS = {"history": HISTORY, "expected": None}


@extend_schema_serializer(examples=[OpenApiExample("A job", value={**JOB, **DETAILS})])
class JobDetailSerializer(JobSerializer):
    """A job with all the states it has been in, the oldest first."""

    history = TransitionSerializer(many=True, read_only=True)
    expected = serializers.SerializerMethodField(
        help_text="For a job that waits; null where its place is not known."
    )

    class Meta(JobSerializer.Meta):
        fields = [*JOB, *DETAILS]
        read_only_fields = fields

    @extend_schema_field(ExpectedSerializer(allow_null=True))
    def get_expected(self, job: Job) -> dict[str, float] | None:
        return self.context.get("expected")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Accepted",
            value={
                "id": JOB_ID,
                "batch_id": BATCH_ID,
                "items": [ITEM_ID],
                "urls": URLS,
                "counts": {"queued": 1, "running": 0, "succeeded": 0, "failed": 0, "canceled": 0},
                "jobs": [{**JOB, "status": "queued", "attempt": 0, "progress": None}],
            },
            response_only=True,
            status_codes=["200", "202"],
        )
    ]
)
class BatchSerializer(serializers.Serializer[Any]):
    """What was queued: one job for each item. `id` and `urls` are the first job's."""

    id = serializers.UUIDField()
    batch_id = serializers.UUIDField()
    items = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="The placeholders in the workspace; empty for the library.",
    )
    urls = JobUrls()
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many of its jobs are in each state."
    )
    jobs = JobSerializer(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One waited, one was finished",
            value={"outcomes": {JOB_ID: "canceled", ITEM_ID: "finished"}},
            response_only=True,
        )
    ]
)
class BatchCancelSerializer(serializers.Serializer[Any]):
    """Which case a cancel met, for each job of the batch."""

    outcomes = serializers.DictField(
        child=serializers.ChoiceField(["canceled", "canceling", "finished"])
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "It will stop at the next step",
            value={"outcome": "canceling", "job": JOB},
            response_only=True,
        )
    ]
)
class CancelSerializer(serializers.Serializer[Any]):
    """Which case a cancel met."""

    outcome = serializers.ChoiceField(
        ["canceled", "canceling", "finished"],
        help_text="`canceled`: it had not started, or was canceled before. `canceling`: it stops "
        "at its next step. `finished`: there was nothing to cancel.",
    )
    job = JobSerializer()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two pictures",
            value={"items": 2, "cost": 2.0, "first_ready_in": 1.5, "ready_in": 2.5},
            response_only=True,
        )
    ]
)
class EstimateSerializer(serializers.Serializer[Any]):
    """What a request would take. Seconds; null where no worker takes such jobs now."""

    items = serializers.IntegerField()
    cost = serializers.FloatField(help_text="GPU seconds of all items together.")
    first_ready_in = serializers.FloatField(allow_null=True)
    ready_in = serializers.FloatField(allow_null=True)


def failure_of(row: Any) -> dict[str, str] | None:
    """Return why a job or an item failed, in the reader's language, or None."""
    if not row.failure_code:
        return None
    detail = sentence(row.failure_code, row.failure_params)
    return {"code": row.failure_code, "detail": detail}
