"""The API of webhooks: making them, their secrets, what they were told. Not for sending."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.webhook_models import Webhook, WebhookDelivery
from jobs.webhooks import services
from jobs.webhooks.serializers import (
    DeliverySerializer,
    WebhookChange,
    WebhookRequest,
    WebhookSerializer,
    WebhookWithSecret,
)
from ourvidz.api import ViewSet
from ourvidz.errors import Refused

DELIVERY_ID = OpenApiParameter("delivery_id", uuid.UUID, OpenApiParameter.PATH)


class Webhooks(ViewSet):
    """Addresses of yours that hear of the ends of jobs, by Standard Webhooks."""

    serializer_class = WebhookSerializer
    queryset = Webhook.objects.none()

    def get_queryset(self) -> Any:
        return Webhook.objects.for_user(self.request.user)

    @extend_schema(operation_id="list_webhooks", summary="My webhooks")
    def list(self, request: Request) -> Response:
        """Your webhooks, the newest first."""
        return self.page_of(self.get_queryset())

    @extend_schema(
        operation_id="create_webhook",
        summary="Make a webhook",
        request=WebhookRequest,
        responses={201: WebhookWithSecret},
    )
    def create(self, request: Request) -> Response:
        """Make a webhook. Its `secret` is in this answer and never again; messages are signed with
        it (headers `webhook-id`, `webhook-timestamp`, `webhook-signature`). An answer of 2xx takes
        a message; anything else is tried again for 24 hours, 410 switches the webhook off.
        """
        wanted = WebhookRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        made = services.create_webhook(user=request.user, **wanted.validated_data)
        return Response(WebhookWithSecret(made).data, status=201)

    @extend_schema(operation_id="webhook", summary="One webhook")
    def retrieve(self, request: Request, id: uuid.UUID) -> Response:
        """One webhook, without its secret."""
        return Response(WebhookSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="update_webhook",
        summary="Change a webhook",
        request=WebhookChange,
        responses=WebhookSerializer,
    )
    def partial_update(self, request: Request, id: uuid.UUID) -> Response:
        """Change where it leads and what it hears, or switch it on or off. Switched off, it gives
        up what waits.
        """
        wanted = WebhookChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = services.update_webhook(user=request.user, webhook_id=id, **wanted.validated_data)
        return Response(WebhookSerializer(changed).data)

    @extend_schema(operation_id="delete_webhook", summary="Delete a webhook", responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Delete a webhook and its log."""
        services.delete_webhook(user=request.user, webhook_id=id)
        return Response(status=204)

    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="Rotate the secret",
        request=None,
        responses=WebhookWithSecret,
    )
    def rotate(self, request: Request, id: uuid.UUID) -> Response:
        """Make a new secret. For 24 hours messages carry a signature of each."""
        rotated = services.rotate_secret(user=request.user, webhook_id=id)
        return Response(WebhookWithSecret(rotated).data)

    @extend_schema(
        operation_id="test_webhook",
        summary="Try a webhook",
        request=None,
        responses={202: DeliverySerializer},
    )
    def test(self, request: Request, id: uuid.UUID) -> Response:
        """Send the message `webhook.test`."""
        delivery = services.send_test(user=request.user, webhook_id=id)
        return Response(DeliverySerializer(delivery).data, status=202)


class Deliveries(ViewSet):
    """What a webhook was told, with every attempt; kept for 30 days."""

    serializer_class = DeliverySerializer
    queryset = WebhookDelivery.objects.none()

    @extend_schema(operation_id="list_deliveries", summary="What it was told")
    def list(self, request: Request, id: uuid.UUID) -> Response:
        """A webhook's messages, the newest first."""
        if not Webhook.objects.for_user(request.user).filter(pk=id).exists():
            raise Refused("not_found")
        mine = WebhookDelivery.objects.for_user(request.user)
        return self.page_of(mine.filter(webhook_id=id))

    @extend_schema(
        operation_id="redeliver",
        summary="Send it again",
        parameters=[DELIVERY_ID],
        request=None,
        responses={202: DeliverySerializer},
    )
    def redeliver(self, request: Request, id: uuid.UUID, delivery_id: uuid.UUID) -> Response:
        """Send a message once more, with the same `webhook-id`."""
        again = services.redeliver(user=request.user, webhook_id=id, delivery_id=delivery_id)
        return Response(DeliverySerializer(again).data, status=202)
