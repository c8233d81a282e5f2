"""Bare Django and bare Django REST framework: what a view costs that does nothing, under the hub's own server."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

FACTS = {
    "id": "01a204d1-382c-7601-9a4a-659f913aebb6",
    "kind": "text",
    "model": "gemini-3.8-flash",
    "status": "succeeded",
    "prompt": "Three sentences about the sea at night.",
    "cost_usd": "0.00042",
    "attempts": 1,
    "created_at": "2026-11-22T19:41:00.120000Z",
}


class FactsSerializer(serializers.Serializer[Any]):
    """Eight fields."""

    id = serializers.CharField()
    kind = serializers.CharField()
    model = serializers.CharField()
    status = serializers.CharField()
    prompt = serializers.CharField()
    cost_usd = serializers.CharField()
    attempts = serializers.IntegerField()
    created_at = serializers.CharField()


def plain(request: HttpRequest) -> HttpResponse:
    return JsonResponse(FACTS)


class FactsView(APIView):
    """The same through a serializer."""

    def get(self, request: Request) -> Response:
        return Response(FactsSerializer(FACTS).data)


urlpatterns = [path("readyz", plain), path("plain", plain), path("drf", FactsView.as_view())]
