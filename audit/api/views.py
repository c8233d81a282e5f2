"""The trail, as far as it concerns the caller."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit.api.serializers import AuditQuery, AuditSerializer
from audit.selectors import chosen, entries_concerning, entries_of
from hub.api.pagination import merged, page_of, page_response, take_page
from hub.api.views import HubView, parsed_query


class AuditView(HubView):
    """What was done by or to the caller."""

    required_scope = "account:read"

    @extend_schema(operation_id="audit_list", parameters=[AuditQuery], responses=page_of(AuditSerializer))
    def get(self, request: Request) -> Response:
        """What was done by the caller, or to the caller and what is theirs, newest first."""
        query = parsed_query(AuditQuery, request)
        limit, after = query.pop("limit"), query.pop("cursor")
        # Two readings, each in the order of an index of its own: one condition with OR would sort all that there is.
        user_id = cast(UUID, request.user.pk)
        readings = (entries_concerning(user_id=user_id), entries_of(actor_id=user_id))
        page = merged([take_page(chosen(each, **query), after=after, limit=limit) for each in readings], limit=limit)
        shown = AuditSerializer(page.rows, many=True, context={"user_id": user_id})
        return page_response(request, shown.data, page.next)
