"""What every view of the API shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hub.api.serializers import StrictSerializer


class HubView(APIView):
    """A door: it parses, makes one domain call, and presents the answer.

    `required_scope` is what the key must have. `paid_methods` are those that spend: they are refused while nobody can
    say how many requests the caller has made.
    """

    required_scope: str | Mapping[str, str]
    paid_methods: Collection[str] = ()

    def check_permissions(self, request: Request) -> None:
        """The rate comes first, which DRF asks last: a refusal for want of a scope counts, and says where it stands."""
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Done before the permissions."""

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """The methods, in Allow; the schema says the rest."""
        return Response(status=status.HTTP_204_NO_CONTENT)


def parsed(shape: type[StrictSerializer], data: object) -> dict[str, Any]:
    """The values of `data`, checked; raises ValidationError, which names each field that is not valid."""
    serializer = shape(data=data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def parsed_query(shape: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """As `parsed`, for the query string; a parameter that stands twice is refused."""
    doubled = [name for name, values in request.query_params.lists() if len(values) > 1]
    if doubled:
        raise serializers.ValidationError({name: ["Give it once."] for name in doubled})
    return parsed(shape, request.query_params.dict())
