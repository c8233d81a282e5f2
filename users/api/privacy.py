"""The rights over one's own data: an export, an erasure."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from hub.api.pagination import PageQuery, page_of, page_response, take_page
from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer
from hub.api.views import HubView, parsed_query
from users.api.privacy_shapes import ErasureInput, ExportInput, PlanSerializer, PrivacyRequestSerializer
from users.models import PrivacyRequest, User
from users.privacy.fetching import Fetched, fetch_export
from users.privacy.requests import plan_erasure, request_erasure, request_export
from users.privacy.selectors import request_of, requests_of

READ, EXPORT, ERASE = "account:read", "account:export", "account:erase"
ZIP = "application/zip"
LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, description="The request.", response=[202])


def _conflict(why: str) -> dict[Any, Any]:
    return {(409, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, why)}


class ExportView(HubView):
    """A new export."""

    required_scope = EXPORT

    @extend_schema(
        operation_id="me_export",
        request=ExportInput,
        parameters=[LOCATION],
        responses={202: PrivacyRequestSerializer, **_conflict("An export is being built already.")},
    )
    def post(self, request: Request) -> Response:
        """Builds a ZIP of everything that the hub has of the account: each table as JSON, the files, a manifest."""
        shape = ExportInput(data=request.data)
        shape.is_valid(raise_exception=True)
        user = cast(User, request.user)
        return _accepted(request, request_export(user=user, asked_by=user.id))


class ErasureView(HubView):
    """The erasure of the account."""

    required_scope = ERASE

    @extend_schema(
        operation_id="me_erasure",
        request=ErasureInput,
        parameters=[LOCATION],
        responses={
            200: PlanSerializer,
            202: PrivacyRequestSerializer,
            **_conflict("Something stands against it, or it is being carried out already."),
        },
    )
    def post(self, request: Request) -> Response:
        """Erases the account for ever: nothing of it is let in any more, and only sums stay, under no name."""
        user = cast(User, request.user)
        shape = ErasureInput(data=request.data, context={"user_id": user.id})
        shape.is_valid(raise_exception=True)
        if shape.validated_data["dry_run"]:
            counts, blocked_by = plan_erasure(user=user)
            return Response(PlanSerializer({"counts": counts, "blocked_by": blocked_by}).data)
        return _accepted(request, request_erasure(user=user, asked_by=user.id))


class PrivacyRequestsView(HubView):
    """What was asked for."""

    required_scope = READ

    @extend_schema(
        operation_id="privacy_requests_list", parameters=[PageQuery], responses=page_of(PrivacyRequestSerializer)
    )
    def get(self, request: Request) -> Response:
        """The exports and erasures that were asked for, newest first."""
        query = parsed_query(PageQuery, request)
        rows = requests_of(user=cast(User, request.user))
        page = take_page(rows, after=query["cursor"], limit=query["limit"])
        shown = PrivacyRequestSerializer(page.rows, many=True, context={"request": request})
        return page_response(request, shown.data, page.next)


class PrivacyRequestView(HubView):
    """One of them."""

    required_scope = READ

    @extend_schema(operation_id="privacy_requests_get", responses=PrivacyRequestSerializer)
    def get(self, request: Request, privacy_request_id: UUID) -> Response:
        """What became of one request."""
        found = request_of(user=cast(User, request.user), request_id=privacy_request_id)
        return Response(PrivacyRequestSerializer(found, context={"request": request}).data)


class AnyContent(BaseContentNegotiation):
    """A ZIP is what it is, whatever the client accepts."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        """There is no body."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """JSON, for the refusals."""
        return renderers[0], renderers[0].media_type


class ArchiveView(HubView):
    """The ZIP of an export."""

    required_scope = EXPORT
    content_negotiation_class = AnyContent

    @extend_schema(
        operation_id="privacy_requests_content",
        parameters=[
            OpenApiParameter(
                "Content-Disposition",
                str,
                OpenApiParameter.HEADER,
                description="A name to save it under.",
                response=[200],
            ),
        ],
        responses={
            (200, ZIP): OpenApiResponse(OpenApiTypes.BINARY, "The ZIP."),
            307: OpenApiResponse(description="It is in an object store: `Location` is an address that expires."),
            (410, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "Its time is over."),
            **_conflict("It is not ready."),
        },
    )
    def get(self, request: Request, privacy_request_id: UUID) -> HttpResponseBase:
        """The ZIP of an export, until it expires; each fetch is in the audit trail."""
        return _sent(fetch_export(user=cast(User, request.user), request_id=privacy_request_id))


def _sent(fetched: Fetched) -> HttpResponseBase:
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    if fetched.address is not None or fetched.file is None:
        return HttpResponse(status=307, headers={**headers, "Location": fetched.address or ""})
    headers |= {"Content-Length": str(fetched.bytes), "ETag": f'"{fetched.sha256}"'}
    return FileResponse(fetched.file, as_attachment=True, filename=fetched.file_name, content_type=ZIP, headers=headers)


def _accepted(request: Request, made: PrivacyRequest) -> Response:
    shown = PrivacyRequestSerializer(made, context={"request": request})
    location = reverse("privacy-request", args=[made.id], request=request)
    return Response(shown.data, status=status.HTTP_202_ACCEPTED, headers={"Location": location})
