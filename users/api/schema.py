"""How the API's keys are described in the OpenAPI schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema

BEARER = "bearer"
GOOGLE = "googleApiKey"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """One key, in either of two headers."""

    target_class = "users.api.authentication.ApiKeyAuthentication"
    name = [BEARER, GOOGLE]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """Either header will do: a list of requirements means "or"."""
        return [{BEARER: []}, {GOOGLE: []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        """The two headers, in the order of `name`."""
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key of the hub: hub_<prefix>_<secret>."},
            {
                "type": "apiKey",
                "in": "header",
                "name": "x-goog-api-key",
                "description": "The same key, as Google's SDK sends it.",
            },
        ]
