"""Cursor pages: steady under inserts, no COUNT, no OFFSET; rows of one moment are told apart by their id."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from hub.api.examples import give_page_example
from hub.api.serializers import StrictSerializer
from hub.common.models import HubModel

Row = TypeVar("Row", bound=HubModel)
MOST = 100
USUAL = 20
CURSOR = "cursor"


@dataclass(frozen=True, slots=True)
class Position:
    """A row's place in an order of newest first."""

    created_at: datetime
    id: UUID

    def encoded(self) -> str:
        """For a URL; `decoded` reads it back."""
        plain = f"{self.created_at.astimezone(UTC).isoformat()}|{self.id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def decoded(cls, cursor: str) -> Position:
        """Raises ValueError for what `encoded` never made."""
        try:
            plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
            moment, _, row_id = plain.partition("|")
            return cls(datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id))
        except (binascii.Error, OverflowError) as error:
            raise ValueError(cursor) from error


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and where the next page starts; None after the last."""

    rows: Sequence[Row]
    next: Position | None


@extend_schema_field({"type": "string"})
class CursorField(serializers.Field[Position, str, str, Any]):
    """The cursor of a page."""

    default_error_messages = {"invalid": "This is no cursor of this list; follow the URL in `next`, or leave it out."}

    def to_internal_value(self, data: str) -> Position:
        try:
            return Position.decoded(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: Position) -> str:
        return value.encoded()


class PageQuery(StrictSerializer):
    """The query of a list; subclasses add its filters."""

    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=USUAL, help_text="Results on one page.")
    cursor = CursorField(default=None, help_text="Where the page starts: follow the URL in `next`.")


class CreatedQuery(PageQuery):
    """The query of a list of what happened when; the two bounds join without gap or overlap."""

    created_after = serializers.DateTimeField(required=False, help_text="Made at or after this moment (RFC 3339).")
    created_before = serializers.DateTimeField(required=False, help_text="Made before this moment (RFC 3339).")


def take_page(rows: QuerySet[Row], *, after: Position | None, limit: int) -> Page[Row]:
    """The `limit` newest rows after that position; one query."""
    if after is not None:
        # The first condition is what the index is entered by, the second what tells apart rows of one moment.
        older = Q(created_at__lt=after.created_at) | Q(id__lt=after.id)
        rows = rows.filter(older, created_at__lte=after.created_at)
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], Position(last.created_at, last.id))


def merged(pages: Sequence[Page[Row]], *, limit: int) -> Page[Row]:
    """One page of rows that are read in several ways, each row once; the pages were taken at one cursor and limit."""
    rows = {row.id: row for page in pages for row in page.rows}
    newest = sorted(rows.values(), key=lambda row: (row.created_at, row.id), reverse=True)
    found = newest[:limit]
    if len(newest) <= limit and all(page.next is None for page in pages):
        return Page(found, None)
    return Page(found, Position(found[-1].created_at, found[-1].id))


def page_of(shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """How a page of such results is described in the schema."""
    name = shape.__name__.removesuffix("Serializer")
    next_url = serializers.URLField(allow_null=True, help_text="The next page; null on the last.")
    page = inline_serializer(f"{name}Page", {"results": shape(many=True), "next": next_url})
    give_page_example(page, shape)
    return page


def page_response(request: Request, results: Any, following: Position | None = None) -> Response:
    """`{"results": [...], "next": URL or null}`: the URL repeats this request with the cursor of the next page."""
    url = request.build_absolute_uri()
    next_url = replace_query_param(url, CURSOR, following.encoded()) if following else None
    return Response({"results": results, "next": next_url})
