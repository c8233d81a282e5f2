"""Admin pages for tables that are only read, and may be too big to count."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

MOST_COUNTED = 10_000
LONGEST_PAGE = 100


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than MOST_COUNTED rows: what lies behind is reached by a filter, not by paging.

    Django's admin counts the whole table on every page; on ten million rows that is seconds.
    """

    @cached_property
    def count(self) -> int:
        """The number of rows, or MOST_COUNTED when there are more."""
        # In the order of the list, whose index then finds what a filter without one of its own lets through.
        ids = self.object_list.values("pk")[:MOST_COUNTED]  # type: ignore[attr-defined]
        return int(ids.count())


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows rows, newest first, and changes none, whoever asks."""

    ordering = ("-created_at", "-id")
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = LONGEST_PAGE

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class FoundByIdAdmin(ReadOnlyAdmin):
    """Newest first by the key, which is made of the time; found by whole ids, through the indexes."""

    ordering = ("-id",)  # type: ignore[assignment]
    search_fields = ("id",)
    found_by: ClassVar[tuple[str, ...]] = ("id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """The rows one of whose `found_by` columns is that id; none when it is no id."""
        if not search_term:
            return queryset, False
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return queryset.none(), False
        return queryset.filter(Q(*((column, wanted) for column in self.found_by), _connector=Q.OR)), False
