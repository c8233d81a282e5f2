"""The money, to look at. Limits are set, credit is given and prices are loaded by services, not by forms."""

from __future__ import annotations

from django.contrib import admin

from hub.common.admin import FoundByIdAdmin, ReadOnlyAdmin
from usage.models import ModelPrice, Quota, QuotaGrant, QuotaHold, QuotaPeriod, UsageDaily, UsageLog


@admin.register(ModelPrice)
class ModelPriceAdmin(ReadOnlyAdmin):
    """What one unit costs, and since when."""

    list_display = ("model", "unit", "variant", "price", "effective_from", "effective_to", "uncertain")
    list_filter = ("unit", "uncertain")
    search_fields = ("model",)
    ordering = ("model", "unit", "variant", "-effective_from")  # type: ignore[assignment]


@admin.register(Quota)
class QuotaAdmin(FoundByIdAdmin):
    """Who may spend how much."""

    list_display = ("user_id", "kind", "period", "limit", "created_at")
    list_filter = ("kind", "period")
    found_by = ("id", "user_id")
    search_help_text = "The whole id of a user."


@admin.register(QuotaPeriod)
class QuotaPeriodAdmin(FoundByIdAdmin):
    """What is spent and held."""

    list_display = ("quota", "starts_at", "ends_at", "limit", "spent", "held", "last_updated_at")
    list_select_related = ("quota",)
    found_by = ("id", "quota_id", "quota__user_id")
    search_help_text = "The whole id of a quota or of a user."


@admin.register(QuotaHold)
class QuotaHoldAdmin(FoundByIdAdmin):
    """Money set aside for jobs."""

    list_display = ("reference", "user_id", "kind", "amount", "state", "cost", "expires_at", "closed_at")
    list_filter = ("state", "kind")
    found_by = ("id", "reference", "user_id")
    search_help_text = "The whole id of a job or of a user."


@admin.register(QuotaGrant)
class QuotaGrantAdmin(FoundByIdAdmin):
    """Credit given on top."""

    list_display = ("quota_period", "amount", "reason", "granted_by_id", "effective_at", "expires_at", "voided_at")
    list_select_related = ("quota_period",)
    found_by = ("id", "quota_period_id", "quota_period__quota__user_id")
    search_help_text = "The whole id of a quota's period or of a user."


@admin.register(UsageLog)
class UsageLogAdmin(FoundByIdAdmin):
    """The ledger."""

    list_display = ("created_at", "user_id", "model", "kind", "outcome", "cost", "estimate", "confirmed", "over_hold")
    list_filter = ("kind", "outcome", "confirmed", "estimated", "over_hold")
    found_by = ("id", "reference", "attempt_id", "user_id")
    search_help_text = "The whole id of a job, of an attempt or of a user."


@admin.register(UsageDaily)
class UsageDailyAdmin(ReadOnlyAdmin):
    """The sums by day."""

    list_display = ("day", "model", "kind", "shard", "requests", "cost")
    list_filter = ("kind",)
    ordering = ("-day", "model", "kind", "shard")  # type: ignore[assignment]
