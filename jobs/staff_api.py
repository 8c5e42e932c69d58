"""The operators' API of models: which are on this machine, fetching and removing them. Not for
presets as people see them: see api.py.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import TokenHasScope
from jobs import fetching, models_store
from jobs.models import Preset
from jobs.models_store import ModelState
from ourvidz import rows
from ourvidz.api import ViewSet
from ourvidz.errors import sentence

STATES = ["built-in", "here", "partly", "fetching", "absent", "missing"]
MODEL = {
    "slug": "sdxs-512",
    "name": "SDXS 512",
    "state": "fetching",
    "source": "IDKiro/sdxs-512-dreamshaper",
    "revision": "76f720262bb051da75666b22c902a78c8e16c763",
    "commit": "",
    "family": "sd",
    "licence": "CreativeML Open RAIL++-M",
    "licence_url": "https://huggingface.co/IDKiro/sdxs-512-dreamshaper",
    "commercial": True,
    "gated": False,
    "is_enabled": True,
    "is_installed": False,
    "size_bytes": 1770000000,
    "memory_bytes": 2500000000,
    "bytes_here": 410000000,
    "progress": {"done": 410000000, "of": 1770000000, "file": "unet/diffusion_pytorch_model"},
    "failure": None,
}
SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="The preset's slug.")


class FetchProgress(serializers.Serializer[Any]):
    """How far a fetch is, in bytes."""

    done = serializers.IntegerField()
    of = serializers.IntegerField()
    file = serializers.CharField(allow_blank=True)


class FetchFailure(serializers.Serializer[Any]):
    """Why the latest fetch ended without the model."""

    code = serializers.CharField()
    detail = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample("A model", value=MODEL, response_only=True, status_codes=["200", "202"])
    ]
)
class ModelSerializer(serializers.Serializer[Any]):
    """A preset's model on this machine. `state`: built-in, here, partly (a fetch was interrupted),
    fetching, absent (it can be fetched), missing (a folder that is not there).
    """

    slug = serializers.CharField(source="preset.slug")
    name = serializers.CharField(source="preset.name")
    state = serializers.ChoiceField(STATES)
    source = serializers.CharField(source="preset.source")  # type: ignore[assignment]
    revision = serializers.CharField(source="preset.revision", allow_blank=True)
    commit = serializers.CharField(allow_blank=True, help_text="What was fetched.")
    family = serializers.CharField(source="preset.family")
    licence = serializers.CharField(source="preset.licence")
    licence_url = serializers.CharField(source="preset.licence_url", allow_blank=True)
    commercial = serializers.BooleanField(source="preset.commercial")
    gated = serializers.BooleanField(source="preset.gated")
    is_enabled = serializers.BooleanField(source="preset.is_enabled")
    is_installed = serializers.BooleanField(
        source="preset.is_installed", help_text="Here, or on a worker: people may use it."
    )
    size_bytes = serializers.IntegerField(source="preset.size_bytes", allow_null=True)
    memory_bytes = serializers.IntegerField(source="preset.memory_bytes", allow_null=True)
    bytes_here = serializers.IntegerField()
    progress = FetchProgress(allow_null=True)
    failure = serializers.SerializerMethodField()

    @extend_schema_field(FetchFailure(allow_null=True))
    def get_failure(self, state: ModelState) -> dict[str, str] | None:
        if not state.failure:
            return None
        detail = sentence(state.failure["code"], state.failure["params"])
        return {"code": state.failure["code"], "detail": detail}


class Models(ViewSet):
    """Models on this machine, for operators."""

    serializer_class = ModelSerializer
    queryset = Preset.objects.none()
    permission_classes = [IsAdminUser, TokenHasScope]
    lookup_field = "slug"
    lookup_url_kwarg = "slug"
    pagination_class = None  # type: ignore[assignment]

    @extend_schema(operation_id="list_models", summary="All models")
    def list(self, request: Request) -> Response:
        """Every preset's model, whether it is here or can be fetched."""
        with rows.as_service("staff: models"):
            states = models_store.model_states()
        return Response(self.get_serializer(states, many=True).data)

    @extend_schema(operation_id="model", summary="One model", parameters=[SLUG])
    def retrieve(self, request: Request, slug: str) -> Response:
        """One preset's model."""
        return self._answer(slug)

    @extend_schema(
        operation_id="fetch_model",
        summary="Fetch it",
        parameters=[SLUG],
        request=None,
        responses={202: ModelSerializer},
    )
    def fetch(self, request: Request, slug: str) -> Response:
        """Bring a model here, in the background. An interrupted fetch goes on where it was."""
        self._state(slug)
        with rows.as_service("staff: models"):
            fetching.start_fetch(slug=slug)
        return self._answer(slug, 202)

    @extend_schema(
        operation_id="stop_fetch", summary="Stop fetching", parameters=[SLUG], request=None
    )
    def stop(self, request: Request, slug: str) -> Response:
        """Stop a fetch; what is here stays for the next one. Repeating it is no error."""
        self._state(slug)
        fetching.stop_fetch(slug=slug)
        return self._answer(slug)

    @extend_schema(
        operation_id="remove_model", summary="Delete it", parameters=[SLUG], responses={204: None}
    )
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete what was fetched. Its preset is not offered any more."""
        self._state(slug)
        with rows.as_service("staff: models"):
            fetching.remove_model(slug=slug)
        return Response(status=204)

    def _answer(self, slug: str, status: int = 200) -> Response:
        return Response(self.get_serializer(self._state(slug)).data, status=status)

    def _state(self, slug: str) -> ModelState:
        with rows.as_service("staff: models"):
            found = Preset.objects.filter(slug=slug).first()
            if found is None:
                raise Http404
            return models_store.model_states([found])[0]
