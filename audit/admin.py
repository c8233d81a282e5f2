"""The audit trail for the staff: to read, not to write."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.models import AuditLog
from audit.selectors import entries_for_search
from hub.common.admin import ReadOnlyAdmin


class AuditLogAdmin(ReadOnlyAdmin):
    """What happened; the IP stays sealed. Registered by users/admin.py, with the page that reveals one."""

    list_display = ("created_at", "action", "actor", "target", "request_id")
    list_filter = ("action",)
    fields = (
        *("created_at", "action", "actor_id", "actor_label", "target_type", "target_id", "request_id", "data"),
        "seal_number",
    )
    search_fields: ClassVar[tuple[str, ...]] = ("target_id",)
    search_help_text = "The whole id of an actor or of a target."

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditLog]:
        """Without the sealed IP: no page shows it."""
        queryset: QuerySet[AuditLog] = super().get_queryset(request)
        return queryset.defer("ip", "ip_digest")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditLog], search_term: str
    ) -> tuple[QuerySet[AuditLog], bool]:
        """By a whole id, through the indexes; a part of one would read the whole table."""
        return (entries_for_search(queryset, search_term), False) if search_term else (queryset, False)

    @admin.display(description="actor")
    def actor(self, entry: AuditLog) -> str:
        """The label the actor had, else its id."""
        return entry.actor_label or str(entry.actor_id or "")

    @admin.display(description="target")
    def target(self, entry: AuditLog) -> str:
        """Its kind and id."""
        return f"{entry.target_type} {entry.target_id}" if entry.target_id else ""
