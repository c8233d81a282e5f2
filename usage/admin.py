"""The money, to look at. Limits are set, credit is given and prices are loaded by services, not by forms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from usage.models import ModelPrice, Quota, QuotaGrant, QuotaHold, QuotaPeriod, UsageDaily, UsageLog


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Lists and shows; adds, changes and removes nothing, whoever asks."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(ModelPrice)
class ModelPriceAdmin(ReadOnlyAdmin):
    """What one unit costs, and since when."""

    list_display = ["model", "unit", "variant", "price", "effective_from", "effective_to", "uncertain"]
    list_filter = ["unit", "uncertain", "model"]
    search_fields = ["model"]


@admin.register(Quota)
class QuotaAdmin(ReadOnlyAdmin):
    """Who may spend how much."""

    list_display = ["user_id", "kind", "period", "limit", "created_at"]
    list_filter = ["kind", "period"]
    search_fields = ["user__id"]


@admin.register(QuotaPeriod)
class QuotaPeriodAdmin(ReadOnlyAdmin):
    """What is spent and held."""

    list_display = ["quota", "starts_at", "ends_at", "limit", "spent", "held", "last_updated_at"]
    list_select_related = ["quota"]
    search_fields = ["quota__user__id"]


@admin.register(QuotaHold)
class QuotaHoldAdmin(ReadOnlyAdmin):
    """Money set aside for jobs."""

    list_display = ["reference", "user_id", "kind", "amount", "state", "cost", "expires_at", "closed_at"]
    list_filter = ["state", "kind"]
    search_fields = ["reference"]


@admin.register(QuotaGrant)
class QuotaGrantAdmin(ReadOnlyAdmin):
    """Credit given on top."""

    list_display = ["quota_period", "amount", "reason", "granted_by_id", "effective_at", "expires_at", "voided_at"]
    list_select_related = ["quota_period"]


@admin.register(UsageLog)
class UsageLogAdmin(ReadOnlyAdmin):
    """The ledger."""

    list_display = ["created_at", "user_id", "model", "kind", "outcome", "cost", "estimate", "confirmed", "over_hold"]
    list_filter = ["kind", "outcome", "confirmed", "estimated", "over_hold"]
    search_fields = ["reference", "request_id", "provider_request_id"]


@admin.register(UsageDaily)
class UsageDailyAdmin(ReadOnlyAdmin):
    """The sums by day."""

    list_display = ["day", "model", "kind", "shard", "requests", "cost"]
    list_filter = ["kind", "model"]
