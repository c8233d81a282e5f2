"""Files: what is known of them, and their bytes."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse, HttpResponseNotModified, QueryDict, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from hub.api import idempotency
from hub.api.examples import example_of
from hub.api.pagination import page_of, page_response, take_page
from hub.api.problems import CONTENT_TYPE
from hub.api.serializers import ProblemSerializer
from hub.api.views import HubView, parsed, parsed_query
from media import selectors, stores
from media.api.parsers import UploadParser
from media.api.ranges import Span, is_current, wanted_span
from media.api.serializers import MediaQuery, MediaSerializer, UploadSerializer
from media.models import Media
from media.removing import delete_media
from media.sniffing import EXTENSIONS
from media.streams import Pieces
from media.uploading import upload
from users.models import ApiKey, User

READ, WRITE = "media:read", "media:write"
# A file comes as its own type, whichever the provider gave it.
ANY_TYPE = "*/*"


def _header(name: str, text: str, *, codes: list[int] | bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=codes)


class MediaListView(HubView):
    """The caller's files, and a new one."""

    required_scope = {"GET": READ, "POST": WRITE}
    parser_classes = (UploadParser,)

    @extend_schema(operation_id="media_list", parameters=[MediaQuery], responses=page_of(MediaSerializer))
    def get(self, request: Request) -> Response:
        """The caller's files, newest first."""
        query = parsed_query(MediaQuery, request)
        page = {"limit": query.pop("limit"), "after": query.pop("cursor")}
        found = take_page(selectors.media_of(cast(User, request.user), **query), **page)
        shown = MediaSerializer(found.rows, many=True, context={"request": request})
        return page_response(request, shown.data, found.next)

    @extend_schema(
        operation_id="media_upload",
        request=UploadSerializer,
        examples=[
            OpenApiExample(
                "A picture",
                value={"file": "(the bytes of photo.png)"},
                media_type="multipart/form-data",
                request_only=True,
            ),
            OpenApiExample("Taken in", value=example_of(MediaSerializer), response_only=True, status_codes=["201"]),
        ],
        parameters=[
            idempotency.PARAMETER,
            _header("Location", "The file.", codes=[201]),
            _header(idempotency.REPLAYED, "`true` when this key and file were sent before.", codes=[201]),
        ],
        responses={
            201: MediaSerializer,
            (400, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "The body is no well-formed multipart/form-data."),
            (413, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "The file is too large."),
            (415, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "The body, or the file, is of another type."),
        },
    )
    def post(self, request: Request) -> Response:
        """Takes in a file that generations can work with: one field, `file`."""
        key = idempotency.idempotency_key(request)
        given = parsed(UploadSerializer, _once(request))["file"]
        media, is_replay = upload(api_key=cast(ApiKey, request.auth), source=given.file, idempotency_key=key)
        headers = {"Location": reverse("media", args=[media.id], request=request)}
        if is_replay:
            headers[idempotency.REPLAYED] = "true"
        return Response(MediaSerializer(media, context={"request": request}).data, status=201, headers=headers)


def _once(request: Request) -> dict[str, Any]:
    """The fields of the form; a field that stands twice is refused."""
    if not isinstance(request.data, QueryDict):
        return {}
    doubled = [name for name, values in request.data.lists() if len(values) > 1]
    if doubled:
        raise serializers.ValidationError({name: ["Give it once."] for name in doubled})
    return cast(dict[str, Any], request.data.dict())


class MediaView(HubView):
    """One file."""

    required_scope = {"GET": READ, "DELETE": WRITE}

    @extend_schema(operation_id="media_get", responses=MediaSerializer)
    def get(self, request: Request, media_id: UUID) -> Response:
        """What is known of one file."""
        media = selectors.one_of(cast(User, request.user), media_id)
        return Response(MediaSerializer(media, context={"request": request}).data)

    @extend_schema(
        operation_id="media_delete",
        request=None,
        responses={
            204: OpenApiResponse(description="It is gone."),
            (409, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "A generation that has not ended works with it."),
        },
    )
    def delete(self, request: Request, media_id: UUID) -> Response:
        """Deletes a file: its bytes go, and nothing finds it any more."""
        delete_media(api_key=cast(ApiKey, request.auth), media_id=media_id)
        return Response(status=204)


class AnyContent(BaseContentNegotiation):
    """A file is what it is, whatever the client accepts."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        """There is no body."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """JSON, for the refusals."""
        return renderers[0], renderers[0].media_type


class ContentView(HubView):
    """The bytes of one file."""

    required_scope = READ
    content_negotiation_class = AnyContent

    @extend_schema(
        operation_id="media_content",
        parameters=[
            _header("Range", "One range of bytes: `bytes=0-1023`."),
            _header("If-None-Match", "The ETag of a copy at hand."),
            _header("If-Range", "The ETag of the part at hand: without a match the whole file comes."),
            _header("ETag", "The SHA-256 of the whole file.", codes=[200, 206]),
            _header("Content-Disposition", "A name to save it under.", codes=[200, 206]),
            _header("Accept-Ranges", "`bytes`.", codes=[200, 206]),
            _header("Content-Range", "Which part.", codes=[206]),
        ],
        responses={
            (200, ANY_TYPE): OpenApiResponse(OpenApiTypes.BINARY, "The file, as its own type."),
            (206, ANY_TYPE): OpenApiResponse(OpenApiTypes.BINARY, "The range that was asked for."),
            307: OpenApiResponse(description="The file is in an object store: `Location` is an address that expires."),
            304: OpenApiResponse(description="The copy at hand is the file."),
            (416, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, "The range begins beyond the end of the file."),
        },
    )
    def get(self, request: Request, media_id: UUID) -> HttpResponse | StreamingHttpResponse:
        """The bytes, whole or one range of them."""
        media = selectors.one_of(cast(User, request.user), media_id)
        headers = _headers(media)
        if is_current(if_none_match=request.headers.get("If-None-Match", ""), etag=headers["ETag"]):
            return HttpResponseNotModified(headers=headers | {"Content-Length": str(media.bytes)})
        if request.method == "HEAD":
            return HttpResponse(headers=headers | {"Content-Length": str(media.bytes)}, content_type=media.mime_type)
        if stores.is_remote(media.storage):
            return _elsewhere(media, headers)
        span = wanted_span(header=_range(request, headers["ETag"]), size=media.bytes)
        return _streamed(media, headers, span)


def _headers(media: Media) -> dict[str, str]:
    """The name is made of our own id: nothing that a user or a provider says becomes part of a header."""
    name = f"{media.id}.{EXTENSIONS.get(media.mime_type, 'bin')}"
    return {
        "ETag": f'"{media.sha256}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }


def _elsewhere(media: Media, headers: dict[str, str]) -> HttpResponse:
    """The store sends the bytes, ranges too; the address is a secret of the caller's and is kept by nobody."""
    disposition = headers["Content-Disposition"]
    url = stores.signed_url(media.storage, media.key, mime_type=media.mime_type, disposition=disposition)
    return HttpResponse(status=307, headers={"Location": url, "Cache-Control": "private, no-store"})


def _range(request: Request, etag: str) -> str:
    """The Range header; "" when the client's part is of another file than this one."""
    condition = request.headers.get("If-Range", etag).strip()
    return request.headers.get("Range", "") if condition == etag else ""


def _streamed(media: Media, headers: dict[str, str], span: Span | None) -> StreamingHttpResponse:
    part = span or Span(0, media.bytes)
    pieces = Pieces(selectors.opened(media), start=part.start, length=part.length)
    answer = StreamingHttpResponse(pieces, status=206 if span else 200, content_type=media.mime_type, headers=headers)
    answer["Content-Length"] = str(part.length)
    if span is not None:
        answer["Content-Range"] = span.content_range(media.bytes)
    return answer
