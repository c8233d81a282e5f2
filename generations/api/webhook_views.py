"""Webhook endpoints and what was delivered to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from generations.api.webhook_serializers import (
    DeliveryQuery,
    DeliverySerializer,
    EndpointChangeSerializer,
    EndpointSerializer,
    EndpointWithSecretSerializer,
    NewEndpointSerializer,
    RotationSerializer,
)
from generations.models import WebhookEndpoint
from generations.webhooks import endpoints, outbox, selectors
from hub.api.pagination import PageQuery, page_of, page_response, take_page
from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer, StrictSerializer
from hub.api.views import HubView, parsed, parsed_query
from users.models import ApiKey, User

READ, WRITE = "webhooks:read", "webhooks:write"


def _conflict(why: str) -> dict[Any, Any]:
    return {(409, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, why)}


def _location(what: str, code: int) -> OpenApiParameter:
    return OpenApiParameter("Location", str, OpenApiParameter.HEADER, description=what, response=[code])


def _with_secret(endpoint: WebhookEndpoint, secret: str) -> dict[str, Any]:
    return {**EndpointSerializer(endpoint).data, "secret": secret}


class EndpointsView(HubView):
    """The caller's endpoints, and a new one."""

    required_scope = {"GET": READ, "POST": WRITE}

    @extend_schema(operation_id="webhook_endpoints_list", parameters=[PageQuery], responses=page_of(EndpointSerializer))
    def get(self, request: Request) -> Response:
        """The caller's webhook endpoints, newest first."""
        query = parsed_query(PageQuery, request)
        owned = selectors.endpoints_of(user=cast(User, request.user))
        found = take_page(owned, limit=query["limit"], after=query["cursor"])
        return page_response(request, EndpointSerializer(found.rows, many=True).data, found.next)

    @extend_schema(
        operation_id="webhook_endpoints_create",
        request=NewEndpointSerializer,
        parameters=[_location("The endpoint.", 201)],
        responses={201: EndpointWithSecretSerializer, **_conflict("The account has as many as it may have.")},
    )
    def post(self, request: Request) -> Response:
        """Adds an endpoint: from now on it is told of the events it takes. The answer alone shows its secret."""
        values = parsed(NewEndpointSerializer, request.data)
        endpoint, secret = endpoints.create(api_key=cast(ApiKey, request.auth), **values)
        headers = {"Location": reverse("webhook-endpoint", args=[endpoint.id], request=request)}
        return Response(_with_secret(endpoint, secret), status=status.HTTP_201_CREATED, headers=headers)


class EndpointView(HubView):
    """One endpoint."""

    required_scope = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(operation_id="webhook_endpoints_get", responses=EndpointSerializer)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """One webhook endpoint as it is now."""
        endpoint = selectors.endpoint_of(user=cast(User, request.user), endpoint_id=endpoint_id)
        return Response(EndpointSerializer(endpoint).data)

    @extend_schema(
        operation_id="webhook_endpoints_change", request=EndpointChangeSerializer, responses=EndpointSerializer
    )
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        """Changes an endpoint, or turns it off and on again."""
        selectors.endpoint_of(user=cast(User, request.user), endpoint_id=endpoint_id)
        changes = parsed(EndpointChangeSerializer, request.data)
        changed = endpoints.change(endpoint_id=endpoint_id, api_key=cast(ApiKey, request.auth), changes=changes)
        return Response(EndpointSerializer(changed).data)

    @extend_schema(operation_id="webhook_endpoints_delete", responses={204: None})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        """Deletes an endpoint with its secrets; what was to be sent there is abandoned."""
        selectors.endpoint_of(user=cast(User, request.user), endpoint_id=endpoint_id)
        endpoints.delete(endpoint_id=endpoint_id, api_key=cast(ApiKey, request.auth))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateSecretView(HubView):
    """A new secret."""

    required_scope = WRITE

    @extend_schema(
        operation_id="webhook_endpoints_rotate_secret",
        request=RotationSerializer,
        responses=EndpointWithSecretSerializer,
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Gives an endpoint a new secret; during the overlap both sign. The answer alone shows it."""
        selectors.endpoint_of(user=cast(User, request.user), endpoint_id=endpoint_id)
        overlap = timedelta(seconds=parsed(RotationSerializer, request.data)["overlap_seconds"])
        rotated = endpoints.rotate_secret(endpoint_id=endpoint_id, api_key=cast(ApiKey, request.auth), overlap=overlap)
        return Response(_with_secret(*rotated))


class DeliveriesView(HubView):
    """What was, is or will be sent."""

    required_scope = READ

    @extend_schema(
        operation_id="webhook_deliveries_list", parameters=[DeliveryQuery], responses=page_of(DeliverySerializer)
    )
    def get(self, request: Request) -> Response:
        """The deliveries to the caller's endpoints, newest first."""
        query = parsed_query(DeliveryQuery, request)
        page = {"limit": query.pop("limit"), "after": query.pop("cursor")}
        found = take_page(selectors.deliveries_of(user=cast(User, request.user), **query), **page)
        return page_response(request, DeliverySerializer(found.rows, many=True).data, found.next)


class DeliveryView(HubView):
    """One delivery."""

    required_scope = READ

    @extend_schema(operation_id="webhook_deliveries_get", responses=DeliverySerializer)
    def get(self, request: Request, delivery_id: UUID) -> Response:
        """One delivery as it stands."""
        delivery = selectors.delivery_of(user=cast(User, request.user), delivery_id=delivery_id)
        return Response(DeliverySerializer(delivery).data)


class RedeliverView(HubView):
    """The same event once more."""

    required_scope = WRITE

    @extend_schema(
        operation_id="webhook_deliveries_redeliver",
        request=None,
        parameters=[_location("The new delivery.", 202)],
        responses={202: DeliverySerializer, **_conflict("It is still tried, or its endpoint is disabled.")},
    )
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Sends an event again, as a new delivery with the same `webhook-id`."""
        parsed(StrictSerializer, request.data)
        delivery = selectors.delivery_of(user=cast(User, request.user), delivery_id=delivery_id)
        again = outbox.repeat(delivery=delivery, api_key=cast(ApiKey, request.auth))
        headers = {"Location": reverse("webhook-delivery", args=[again.id], request=request)}
        return Response(DeliverySerializer(again).data, status=status.HTTP_202_ACCEPTED, headers=headers)
