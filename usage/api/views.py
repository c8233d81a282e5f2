"""The ledger and what is left."""

from __future__ import annotations

from typing import Any, cast

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.pagination import page_of, page_response, take_page
from hub.api.serializers import StrictSerializer
from hub.api.views import HubView, parsed_query
from usage import selectors
from usage.api.serializers import (
    ExportQuery,
    GroupSerializer,
    QuotaSerializer,
    SummaryQuery,
    UsageQuery,
    UsageSerializer,
)
from usage.export import FORMATS
from usage.ledger_query import LedgerFilter
from usage.summary import summary
from users.models import User

SCOPE = "usage:read"
# Of each format, how it begins; CSV has more columns, JSON Lines more members.
FIRST_LINES = {
    "text/csv": "id,created_at,generation_id\r\n01a204d3-5b1d-7a90-b5c2-7d5e9a1f0c33,2026-11-22T19:41:05.950000Z,…\r\n",
    "application/jsonl": '{"id": "01a204d3-5b1d-7a90-b5c2-7d5e9a1f0c33", "cost_usd": "0.08"}\n',
}
FILE_NAME = OpenApiParameter(
    "Content-Disposition", str, OpenApiParameter.HEADER, description="A name to save it under.", response=[200]
)


def _file(kind: str, beginning: str) -> OpenApiResponse:
    example = OpenApiExample("Beginning", value=beginning, media_type=kind)
    return OpenApiResponse(OpenApiTypes.STR, "The file, streamed.", examples=[example])


class UsageView(HubView):
    """The caller's ledger."""

    required_scope = SCOPE

    @extend_schema(operation_id="usage_list", parameters=[UsageQuery], responses=page_of(UsageSerializer))
    def get(self, request: Request) -> Response:
        """One row per request to a provider, newest first."""
        query = parsed_query(UsageQuery, request)
        page = {"limit": query.pop("limit"), "after": query.pop("cursor")}
        found = take_page(LedgerFilter(**query).rows(cast(User, request.user)), **page)
        return page_response(request, UsageSerializer(found.rows, many=True).data, found.next)


class SummaryView(HubView):
    """The caller's ledger, summed."""

    required_scope = SCOPE

    @extend_schema(operation_id="usage_summary", parameters=[SummaryQuery], responses=page_of(GroupSerializer))
    def get(self, request: Request) -> Response:
        """Requests, costs and units by group, on one page. A request with several tags counts under each."""
        query = parsed_query(SummaryQuery, request)
        group_by = query.pop("group_by", ())
        groups = summary(LedgerFilter(**query).rows(cast(User, request.user)), group_by)
        return page_response(request, GroupSerializer(groups, many=True).data)


class WhateverIsAccepted(BaseContentNegotiation):
    """`format` says what comes, not the header Accept; refusals are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        """There is no body."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """JSON."""
        return renderers[0], renderers[0].media_type


class ExportView(HubView):
    """The caller's ledger, as a file."""

    required_scope = SCOPE
    content_negotiation_class = WhateverIsAccepted

    @extend_schema(
        operation_id="usage_export",
        parameters=[ExportQuery, FILE_NAME],
        responses={(200, kind): _file(kind, line) for kind, line in FIRST_LINES.items()},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every row, oldest first, streamed; made until now unless `created_before` says otherwise."""
        query = {"created_before": timezone.now(), **parsed_query(ExportQuery, request)}
        name = query.pop("format")
        content_type, lines = FORMATS[name]
        rows = LedgerFilter(**query).rows(cast(User, request.user))
        headers = {"Content-Disposition": f'attachment; filename="usage.{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(lines(rows), content_type=content_type, headers=headers)


class QuotasView(HubView):
    """What is left."""

    required_scope = SCOPE

    @extend_schema(operation_id="quotas_list", responses=page_of(QuotaSerializer))
    def get(self, request: Request) -> Response:
        """Each quota of the caller in its current period; all on one page."""
        parsed_query(StrictSerializer, request)
        quotas = selectors.current_quotas(user=cast(User, request.user))
        return page_response(request, QuotaSerializer(quotas, many=True).data)
