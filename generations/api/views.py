"""Generations and the models that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from generations import selectors
from generations.api import following
from generations.api.event_serializers import EventSerializer
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
from hub.api import event_stream, idempotency, preferences
from hub.api.event_stream import EventStreamRenderer
from hub.api.pagination import page_of, page_response, take_page
from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer, StrictSerializer
from hub.api.views import HubView, parsed, parsed_query
from users.models import ApiKey, User

READ, WRITE = "generations:read", "generations:write"
EVENTS = OpenApiResponse(
    EventSerializer,
    "`status` events `{id, status, at}` for queued and running; `delta` events `{text}` of a text that was asked for "
    "as events; at last `generation`, the generation itself. The schema is that of each event.",
    examples=[
        OpenApiExample(
            "A piece of a text",
            value={"id": "2.1795376460180-0", "event": "delta", "data": '{"text": "The sea"}'},
            media_type=event_stream.MEDIA_TYPE,
        )
    ],
)
WAITED = "The preference that was followed: `wait=N`."


def _refused_header(name: str) -> dict[Any, Any]:
    return {(422, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, f"The header {name} is not valid.")}


LAST_EVENT = OpenApiParameter(
    following.LAST_EVENT,
    {"type": "string", "pattern": following.EVENT_ID_OR_NONE},
    OpenApiParameter.HEADER,
    description="The id of the last event that was received: those after it are sent. Empty or left out: all.",
)


def _response_header(name: str, text: str, *, on: int = status.HTTP_202_ACCEPTED) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[on])


class GenerationsView(HubView):
    """The caller's generations, and a new one."""

    required_scope = {"GET": READ, "POST": WRITE}
    paid_methods = frozenset({"POST"})

    def get_renderers(self) -> list[BaseRenderer]:
        """A submission may be answered with its events."""
        renderers = super().get_renderers()
        return [*renderers, EventStreamRenderer()] if self.request.method == "POST" else renderers

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
            preferences.PARAMETER,
            _response_header(preferences.APPLIED, WAITED),
            _response_header("Location", "The generation."),
            _response_header(
                idempotency.REPLAYED, "`true` when this key and body were sent before; nothing new was made."
            ),
        ],
        responses={
            (202, "application/json"): GenerationSerializer,
            (200, event_stream.MEDIA_TYPE): EVENTS,
            (402, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "No quota, or too little: `policies` has each."),
            (404, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "There is no such quote, or it is not yours."),
            (409, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "The Idempotency-Key is in progress: try again."),
            (429, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "Too many jobs of this kind are in flight."),
        },
    )
    def post(self, request: Request) -> Response:
        """Submits a generation: the most that it can cost is held, and it is made in the background."""
        given = parsed(OrderSerializer, request.data)
        seconds = preferences.wait_seconds(request)
        as_events = request.accepted_renderer.media_type == event_stream.MEDIA_TYPE
        key = idempotency.idempotency_key(request)
        order = replace(_order(given), idempotency_key=key, stream=as_events)
        generation, is_replay = submit(api_key=cast(ApiKey, request.auth), order=order)
        headers = {"Location": reverse("generation", args=[generation.id], request=request)}
        if is_replay:
            headers[idempotency.REPLAYED] = "true"
        if as_events:
            following.answer_with_events(request, generation_id=generation.id)
        else:
            headers |= _waited_for(request, generation, seconds)
        return Response(_shown(request, [generation])[0], status=status.HTTP_202_ACCEPTED, headers=headers)


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

    @extend_schema(
        operation_id="generations_get",
        parameters=[preferences.PARAMETER, _response_header(preferences.APPLIED, WAITED, on=status.HTTP_200_OK)],
        responses={200: GenerationSerializer, **_refused_header(preferences.HEADER)},
    )
    def get(self, request: Request, generation_id: UUID) -> Response:
        """One generation as it is now, or with `Prefer: wait=N` as it is when it has ended."""
        seconds = preferences.wait_seconds(request)
        generation = selectors.one_of(user=cast(User, request.user), generation_id=generation_id)
        return Response(_shown(request, [generation])[0], headers=_waited_for(request, generation, seconds))


class EventsView(HubView):
    """What happens to a generation."""

    required_scope = READ
    renderer_classes = (EventStreamRenderer, JSONRenderer)

    @extend_schema(
        operation_id="generations_events",
        parameters=[LAST_EVENT],
        responses={
            (200, event_stream.MEDIA_TYPE): EVENTS,
            204: OpenApiResponse(description="All of its events have been received: there will be no others."),
            **_refused_header(following.LAST_EVENT),
        },
    )
    def get(self, request: Request, generation_id: UUID) -> Response:
        """Each change of its status as it comes, then the generation itself: server-sent events."""
        after = following.last_event_id(request)
        generation = selectors.one_of(user=cast(User, request.user), generation_id=generation_id)
        if after == following.ENDED:
            return Response(status=status.HTTP_204_NO_CONTENT)
        following.answer_with_events(request, generation_id=generation.id, after=after)
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


def _waited_for(request: Request, generation: Generation, seconds: int | None) -> dict[str, str]:
    """Has the answer wait, when the client would rather have it later and ended; the header that says so."""
    if seconds is None:
        return {}
    following.answer_when_ended(request, generation_id=generation.id, seconds=seconds)
    return preferences.applied(seconds)


def _order(given: Mapping[str, Any]) -> Order:
    files = [Input(**each) for each in given.get("inputs", ())]
    return Order(**{**given, "inputs": files})


def _shown(request: Request, generations: Sequence[Generation]) -> Any:
    details = selectors.in_detail(generations)
    return GenerationSerializer(details, many=True, context={"request": request}).data
