"""The ledger and what is left."""

from __future__ import annotations

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.pagination import page_of, page_response, take_page
from hub.api.serializers import StrictSerializer
from hub.api.views import HubView, parsed_query
from usage import selectors
from usage.api.serializers import QuotaSerializer, UsageQuery, UsageSerializer
from users.models import User

SCOPE = "usage:read"


class UsageView(HubView):
    """The caller's ledger."""

    required_scope = SCOPE

    @extend_schema(operation_id="usage_list", parameters=[UsageQuery], responses=page_of(UsageSerializer))
    def get(self, request: Request) -> Response:
        """One row per request to a provider, newest first."""
        query = parsed_query(UsageQuery, request)
        page = {"limit": query.pop("limit"), "after": query.pop("cursor")}
        found = take_page(selectors.usage_of(user=cast(User, request.user), **query), **page)
        return page_response(request, UsageSerializer(found.rows, many=True).data, found.next)


class QuotasView(HubView):
    """What is left."""

    required_scope = SCOPE

    @extend_schema(operation_id="quotas_list", responses=page_of(QuotaSerializer))
    def get(self, request: Request) -> Response:
        """Each quota of the caller in its current period; all on one page."""
        parsed_query(StrictSerializer, request)
        quotas = selectors.current_quotas(user=cast(User, request.user))
        return page_response(request, QuotaSerializer(quotas, many=True).data)
