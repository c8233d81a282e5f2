"""OpenAPI: every operation answers errors as problem documents."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer

ERRORS: dict[str, str] = {
    "400": "The body is not valid JSON.",
    "401": "The API key is missing, malformed, unknown, expired or revoked.",
    "403": "The API key lacks the scope, or the account is suspended.",
    "503": "The database or the broker is away; nothing was done.",
}


class HubSchema(AutoSchema):
    """Adds the problem documents to the responses of every operation."""

    def get_response_serializers(self) -> Any:
        declared = super().get_response_serializers()
        responses = declared if isinstance(declared, dict) else {"200": declared}
        problems = {
            (status, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, description=text)
            for status, text in ERRORS.items()
        }
        return {**responses, **problems}
