"""The work for the staff: states, money and timing. What people wrote, and got, is revealed on a page of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from generations.models import Generation, GenerationAttempt, WebhookDelivery, WebhookEndpoint
from generations.selectors import revealed_texts
from hub.common.admin import FoundByIdAdmin
from users.privacy.reveal import Disclosure
from users.reveal_pages import RevealingAdmin

SEALED = ("prompt", "parameters", "texts")


class AttemptsInline(admin.TabularInline):  # type: ignore[type-arg]
    """Every call to the provider for one job."""

    model = GenerationAttempt
    verbose_name_plural = "calls to the provider"
    fields = ("number", "state", "operation_name", "error_code", "latency_ms", "created_at", "finished_at")
    readonly_fields = fields
    ordering = ("number",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[GenerationAttempt]:
        """Without the sealed answer: no page shows it."""
        queryset: QuerySet[GenerationAttempt] = super().get_queryset(request)
        return queryset.defer("answer")


@admin.register(Generation)
class GenerationAdmin(RevealingAdmin, FoundByIdAdmin):
    """Jobs, newest first."""

    revealed = "prompt, parameters and texts"
    list_display = ("id", "kind", "model", "status", "error_code", "estimate", "cost", "attempts_made", "created_at")
    list_filter = ("status", "kind")
    found_by = ("id", "owner_id")
    search_help_text = "The whole id of a generation or of its owner."
    inlines = (AttemptsInline,)
    fieldsets = (
        (None, {"fields": ("id", "owner_id", "kind", "model", "adapter", "streamed", "status", "tags", "request_id")}),
        ("Money", {"fields": ("estimate", "cost", "charged", "units", "variants", "rates")}),
        ("Ending", {"fields": ("error_code", "error_message", "error_stage", "retryable")}),
        (
            "Timing",
            {
                "fields": (
                    ("created_at", "admitted_at", "started_at", "finished_at"),
                    ("next_check_at", "lease_expires_at", "cancel_requested_at"),
                )
            },
        ),
    )

    def disclosure(self, row: Generation) -> Disclosure:
        """What its owner wrote, and what came of it."""
        return Disclosure(("generation", row.id), row.owner_id, lambda: revealed_texts(row.id))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        """Without what is sealed, which has a page of its own."""
        queryset: QuerySet[Generation] = super().get_queryset(request)
        return queryset.defer(*SEALED)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(FoundByIdAdmin):
    """Endpoints, newest first. URL and secrets stay sealed."""

    list_display = (
        "id",
        "owner_id",
        "events",
        "disabled_reason",
        "failing_since",
        "consecutive_failures",
        "created_at",
    )
    list_filter = ("disabled_reason",)
    found_by = ("id", "owner_id")
    search_help_text = "The whole id of an endpoint or of its owner."
    fields = (
        ("id", "owner_id", "events"),
        ("disabled_at", "disabled_reason", "deleted_at"),
        ("failing_since", "consecutive_failures", "previous_secret_until"),
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """Without what is sealed: no page shows it."""
        queryset: QuerySet[WebhookEndpoint] = super().get_queryset(request)
        return queryset.defer("url", "secret", "previous_secret")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(FoundByIdAdmin):
    """The outbox, newest first."""

    list_display = ("id", "event_type", "state", "attempts", "last_response_code", "last_error", "next_attempt_at")
    list_filter = ("state", "event_type")
    found_by = ("id", "owner_id", "endpoint_id", "generation_id", "event_id")
    search_help_text = "The whole id of a delivery, its owner, endpoint, generation or event."
    fields = (
        ("id", "owner_id", "endpoint_id", "generation_id"),
        ("event_type", "event_id", "redelivery_of_id", "payload"),
        ("state", "attempts", "next_attempt_at", "delivered_at"),
        ("last_response_code", "last_error", "created_at"),
    )
