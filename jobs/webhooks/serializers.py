"""How webhooks and their deliveries look in the API. Not for checking values: services do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from jobs.webhook_models import TEST_EVENT, Event, Webhook, WebhookDelivery
from ourvidz.errors import sentence

WEBHOOK = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fb001",
    "url": "https://hooks.example.org/ourvidz",
    "description": "The studio's bot",
    "events": ["job.succeeded", "job.failed"],
    "is_active": True,
    "disabled_reason": "",
    "previous_until": None,
    "created_at": "2026-11-24T20:15:00Z",
}
DELIVERY = {
    "id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0fb002",
    "event": "job.succeeded",
    "job_id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b01",
    "status": "pending",
    "attempts": 1,
    "next_attempt_at": "2026-11-24T20:15:09Z",
    "delivered_at": None,
    "created_at": "2026-11-24T20:15:03Z",
    "log": [
        {
            "at": "2026-11-24T20:15:04Z",
            "status": 503,
            "error": "",
            "detail": "",
            "seconds": 0.21,
        }
    ],
    "payload": {
        "type": "job.succeeded",
        "timestamp": "2026-11-24T20:15:03Z",
        "data": {"id": "01932f4c-6e5a-7c1e-9d53-0f2b5f0f9b01", "status": "succeeded"},
    },
}


@extend_schema_serializer(examples=[OpenApiExample("A webhook", value=WEBHOOK, response_only=True)])
class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook, without its secret. While a secret is in rotation, `previous_until` says until
    when the older one signs too.
    """

    events = serializers.ListField(child=serializers.ChoiceField(Event.choices))

    class Meta:
        model = Webhook
        fields = list(WEBHOOK)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A new webhook",
            value={**WEBHOOK, "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},
            response_only=True,
        )
    ]
)
class WebhookWithSecret(WebhookSerializer):
    """A webhook with its newest secret, which is shown this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookSerializer.Meta):
        fields = [*WEBHOOK, "secret"]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Hear what succeeds and fails",
            value={
                "url": WEBHOOK["url"],
                "events": ["job.succeeded", "job.failed"],
                "description": "The studio's bot",
            },
            request_only=True,
        )
    ]
)
class WebhookRequest(serializers.Serializer[Any]):
    """An https address, and what it hears; all of it if left out."""

    url = serializers.CharField(max_length=2000)
    events = serializers.ListField(
        child=serializers.ChoiceField(Event.choices), required=False, max_length=8
    )
    description = serializers.CharField(required=False, allow_blank=True, max_length=120)


@extend_schema_serializer(
    examples=[OpenApiExample("Switch it off", value={"is_active": False}, request_only=True)]
)
class WebhookChange(WebhookRequest):
    """What to change; what is left out stays."""

    url = serializers.CharField(max_length=2000, required=False)
    is_active = serializers.BooleanField(required=False)


class AttemptSerializer(serializers.Serializer[Any]):
    """One attempt. `status` is the receiver's, null where there was no answer; then `error` says
    why.
    """

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A delivery", value=DELIVERY, response_only=True, status_codes=["200", "202"]
        )
    ]
)
class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """A message and its attempts; `webhook-id` is `msg_` and its id, at every attempt."""

    event = serializers.ChoiceField([*Event.values, TEST_EVENT])
    payload = serializers.DictField(child=serializers.JSONField())
    log = serializers.SerializerMethodField()

    class Meta:
        model = WebhookDelivery
        fields = list(DELIVERY)
        read_only_fields = fields

    @extend_schema_field(AttemptSerializer(many=True))
    def get_log(self, delivery: WebhookDelivery) -> list[dict[str, Any]]:
        return [with_words(attempt) for attempt in delivery.log]


def with_words(attempt: dict[str, Any]) -> dict[str, Any]:
    """Return an attempt with what was in its way, in the reader's language."""
    error = attempt["error"]
    return {**attempt, "detail": sentence(error, {"host": ""}) if error else ""}
