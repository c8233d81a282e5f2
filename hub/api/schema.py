"""OpenAPI: every operation says what it refuses, as problem documents."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance

from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer, StrictSerializer

ALWAYS = {
    "401": "The API key is missing, malformed, unknown, expired or revoked.",
    "403": "The API key lacks the scope, or the account is suspended.",
    "429": "Too many requests: `violated-policies` names the limits that refused, `Retry-After` how long to wait.",
    "503": "The database or the broker is away; try again.",
}
WITH_ADDRESS = {"404": "There is no such object, or it is not yours."}
WITH_QUERY = {"414": "The address is too long, with its query."}
WITH_INPUT = {"422": "Something in the request is not valid; `errors` names each field."}
WITH_BODY = {
    "400": "The body is not valid JSON.",
    "413": "The body is too large.",
    "415": "The body is not `application/json`.",
}
WITH_A_BODY = ("POST", "PATCH")


class HubSchema(AutoSchema):
    """Adds the problem documents to the responses of every operation, beside those that a view names itself."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        for status, description in self._refusals(operation).items():
            content = {CONTENT_TYPE: {"schema": problem}}
            operation["responses"].setdefault(status, {"description": description, "content": content})
        operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        """A strict serializer refuses unknown fields, and the schema says so."""
        shape: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        is_strict = isinstance(force_instance(serializer), StrictSerializer)  # type: ignore[no-untyped-call]
        return shape | {"additionalProperties": False} if is_strict else shape

    def _refusals(self, operation: dict[str, Any]) -> dict[str, str]:
        places = {parameter["in"] for parameter in operation.get("parameters", ())}
        refusals = dict(ALWAYS)
        if "path" in places:
            refusals |= WITH_ADDRESS
        if "query" in places:
            refusals |= WITH_QUERY
        if "query" in places or self.method in WITH_A_BODY:
            refusals |= WITH_INPUT
        if self.method in WITH_A_BODY:
            refusals |= WITH_BODY
        return refusals
