"""Generations and the models that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from generations import selectors
from generations.api.quote_serializers import QuoteSerializer
from generations.api.serializers import (
    GenerationQuery,
    GenerationSerializer,
    ModelSerializer,
    OrderSerializer,
    QuoteOrderSerializer,
)
from generations.models import Generation
from generations.services.cancel import cancel
from generations.services.inputs import Input
from generations.services.quote import make_quote
from generations.services.submit import Order, submit
from hub.api import idempotency
from hub.api.pagination import page_of, page_response, take_page
from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer, StrictSerializer
from hub.api.views import HubView, parsed, parsed_query
from users.models import ApiKey, User

READ, WRITE = "generations:read", "generations:write"


def _response_header(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[202])


class GenerationsView(HubView):
    """The caller's generations, and a new one."""

    required_scope = {"GET": READ, "POST": WRITE}

    @extend_schema(
        operation_id="generations_list", parameters=[GenerationQuery], responses=page_of(GenerationSerializer)
    )
    def get(self, request: Request) -> Response:
        """The caller's generations, newest first."""
        query = parsed_query(GenerationQuery, request)
        page = {"limit": query.pop("limit"), "after": query.pop("cursor")}
        found = take_page(selectors.generations_of(user=cast(User, request.user), **query), **page)
        return page_response(request, _shown(request, found.rows), found.next)

    @extend_schema(
        operation_id="generations_submit",
        request=OrderSerializer,
        parameters=[
            idempotency.PARAMETER,
            _response_header("Location", "The generation."),
            _response_header(
                idempotency.REPLAYED, "`true` when this key and body were sent before; nothing new was made."
            ),
        ],
        responses={
            202: GenerationSerializer,
            (402, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "No quota, or too little: `policies` has each."),
            (404, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "There is no such quote, or it is not yours."),
            (409, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "The Idempotency-Key is in progress: try again."),
        },
    )
    def post(self, request: Request) -> Response:
        """Submits a generation: the most that it can cost is held, and it is made in the background."""
        given = parsed(OrderSerializer, request.data)
        order = replace(_order(given), idempotency_key=idempotency.idempotency_key(request))
        generation, is_replay = submit(api_key=cast(ApiKey, request.auth), order=order)
        [shown] = _shown(request, [generation])
        headers = {"Location": reverse("generation", args=[generation.id], request=request)}
        if is_replay:
            headers[idempotency.REPLAYED] = "true"
        return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)


class QuotesView(HubView):
    """What a generation would cost."""

    required_scope = WRITE

    @extend_schema(operation_id="quotes_make", request=QuoteOrderSerializer, responses={201: QuoteSerializer})
    def post(self, request: Request) -> Response:
        """Prices a generation without making it; with `quote_id` the price is honoured for 10 minutes."""
        order = _order(parsed(QuoteOrderSerializer, request.data))
        offered = make_quote(api_key=cast(ApiKey, request.auth), order=order)
        return Response(QuoteSerializer(offered).data, status=status.HTTP_201_CREATED)


class GenerationView(HubView):
    """One generation."""

    required_scope = READ

    @extend_schema(operation_id="generations_get", responses=GenerationSerializer)
    def get(self, request: Request, generation_id: UUID) -> Response:
        """One generation as it is now."""
        generation = selectors.one_of(user=cast(User, request.user), generation_id=generation_id)
        return Response(_shown(request, [generation])[0])


class CancelView(HubView):
    """The wish that a generation stops."""

    required_scope = WRITE

    @extend_schema(
        operation_id="generations_cancel",
        request=None,
        responses={
            200: GenerationSerializer,
            (409, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "It has already ended."),
        },
    )
    def post(self, request: Request, generation_id: UUID) -> Response:
        """Stops a generation: free before it starts, and as far as the provider can afterwards."""
        parsed(StrictSerializer, request.data)
        generation = selectors.one_of(user=cast(User, request.user), generation_id=generation_id)
        stopped = cancel(generation=generation, api_key=cast(ApiKey, request.auth))
        return Response(_shown(request, [stopped])[0])


class ModelsView(HubView):
    """What is on offer."""

    required_scope = READ

    @extend_schema(operation_id="models_list", responses=page_of(ModelSerializer))
    def get(self, request: Request) -> Response:
        """Every model on offer with its parameters, limits and present prices; all on one page."""
        parsed_query(StrictSerializer, request)
        return page_response(request, ModelSerializer(selectors.offers(), many=True).data)


def _order(given: Mapping[str, Any]) -> Order:
    files = [Input(**each) for each in given.get("inputs", ())]
    return Order(**{**given, "inputs": files})


def _shown(request: Request, generations: Sequence[Generation]) -> Any:
    details = selectors.in_detail(generations)
    return GenerationSerializer(details, many=True, context={"request": request}).data
