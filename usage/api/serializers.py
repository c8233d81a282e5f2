"""How the ledger and the quotas are shown. Amounts are US dollars as decimal strings."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hub.api.examples import shown_as
from hub.api.pagination import CreatedQuery
from hub.api.serializers import StrictCharField, StrictSerializer, UsdField
from usage.enums import Kind, Outcome, Period
from usage.export import FORMATS
from usage.models.ledger import LONGEST_TAG
from usage.summary import GROUPS, LONGEST_RANGE, USUAL_RANGE


class LedgerQuery(StrictSerializer):
    """Which rows of the ledger are meant."""

    model = StrictCharField(max_length=100, required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    outcome = serializers.ChoiceField(choices=Outcome.choices, required=False)
    api_key = serializers.UUIDField(required=False, help_text="The id of the key that was used.")
    generation = serializers.UUIDField(required=False, help_text="The id of a generation.")
    tag = StrictCharField(max_length=LONGEST_TAG, required=False, help_text="One of the generation's tags, whole.")


class UsageQuery(LedgerQuery, CreatedQuery):
    """The query of the ledger."""


class RangeQuery(LedgerQuery):
    """Rows between two moments, which join without gap or overlap."""

    created_after = serializers.DateTimeField(required=False, help_text="Made at or after this moment (RFC 3339).")
    created_before = serializers.DateTimeField(required=False, help_text="Made before this moment; left out: now.")


class ExportQuery(RangeQuery):
    """The query of the export."""

    format = serializers.ChoiceField(choices=list(FORMATS), default="csv", help_text="CSV, or JSON Lines.")


@extend_schema_field({"type": "string", "examples": ["day,model"]})
class GroupsField(StrictCharField):
    """Names with commas between them, each once."""

    default_error_messages = {"unknown": "Groups are any of {known}, each once, with commas between them."}

    def to_internal_value(self, data: Any) -> Any:
        names = super().to_internal_value(data).split(",")
        if len(set(names)) != len(names) or not set(names) <= set(GROUPS):
            self.fail("unknown", known=", ".join(GROUPS))
        return names


class SummaryQuery(RangeQuery):
    """The query of the summary."""

    group_by = GroupsField(required=False, help_text=f"Any of {', '.join(GROUPS)}; left out: all in one.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """With both ends of the range: the 31 days until now unless it says otherwise."""
        before = attrs.get("created_before") or timezone.now()
        try:
            after = attrs.get("created_after") or before - USUAL_RANGE
        except OverflowError:
            after = before
        if not after <= before:
            raise serializers.ValidationError({"created_after": ["This must not be later than created_before."]})
        if before - after > LONGEST_RANGE:
            raise serializers.ValidationError({"created_after": [f"Ask for {LONGEST_RANGE.days} days at most."]})
        return {**attrs, "created_after": after, "created_before": before}


@shown_as(
    day="2026-11-22",
    model="imagen-4.0-generate-001",
    requests=12,
    cost_usd="0.96",
    units={"image": 24},
)
class GroupSerializer(serializers.Serializer[Any]):
    """One group of the summary; of the first six fields it has those that were asked for."""

    day = serializers.DateField(required=False, help_text="In UTC.")
    month = serializers.CharField(required=False, help_text="In UTC, as 2026-11.")
    model = serializers.CharField(required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    api_key = serializers.UUIDField(required=False, allow_null=True)
    tag = serializers.CharField(required=False, allow_null=True, help_text="Null: without a tag.")
    requests = serializers.IntegerField()
    cost_usd = UsdField(source="cost")
    units = serializers.DictField(child=serializers.IntegerField(), help_text="How many of each unit.")

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        """Without the groups that were not asked for: a null is a group of its own."""
        shown = super().to_representation(instance)
        return {name: value for name, value in shown.items() if name not in GROUPS or name in instance}


class UnitPriceSerializer(serializers.Serializer[Any]):
    """The price at which a unit was billed."""

    variant = serializers.CharField(allow_blank=True, help_text="Which sort of the unit; empty: the plain one.")
    price_id = serializers.UUIDField()
    usd = serializers.CharField(help_text="US dollars for one unit.")


@shown_as(
    id="01a204d3-5b1d-7a90-b5c2-7d5e9a1f0c33",
    generation_id="01a204d1-382c-7601-9a4a-659f913aebb6",
    attempt_id="01a204d1-3a10-7d42-8a2b-51c6b7e8f901",
    api_key_id="01a1f7c0-90aa-7be0-9d53-8c1e42a6b7d0",
    model="imagen-4.0-generate-001",
    kind="image",
    units={"image": 2},
    prices={"image": {"variant": "", "price_id": "01a1f000-1f2e-7c3d-9b4a-5d6e7f809112", "usd": "0.04"}},
    cost_usd="0.08",
    estimate_usd="0.08",
    outcome="succeeded",
    confirmed=True,
    estimated=False,
    over_hold=False,
    latency_ms=5210,
    provider_request_id="",
    request_id="01a204d1-382c-7601-9a4a-659f913aebb6",
    tags=["campaign-7"],
    created_at="2026-11-22T19:41:05.950000Z",
)
class UsageSerializer(serializers.Serializer[Any]):
    """One request to a provider."""

    id = serializers.UUIDField()
    generation_id = serializers.UUIDField(source="reference")
    attempt_id = serializers.UUIDField()
    api_key_id = serializers.UUIDField(allow_null=True)
    model = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    units = serializers.DictField(child=serializers.IntegerField(), help_text="How many of each unit.")
    prices = serializers.DictField(child=UnitPriceSerializer(), help_text="The price of each unit.")
    cost_usd = UsdField(source="cost")
    estimate_usd = UsdField(source="estimate", help_text="What was held for it.")
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    confirmed = serializers.BooleanField(help_text="False: the answer was lost, or broke off; to be reconciled.")
    estimated = serializers.BooleanField(
        help_text="True: the provider gave no usage; the units are the hub's own count."
    )
    over_hold = serializers.BooleanField(help_text="True: the cost is above what was held.")
    latency_ms = serializers.IntegerField()
    provider_request_id = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(), allow_null=True, help_text="The generation's then.")
    created_at = serializers.DateTimeField()


@shown_as(
    kind="video",
    period="month",
    limit_usd="120.00",
    granted_usd="20.00",
    spent_usd="35.20",
    held_usd="3.20",
    remaining_usd="81.60",
    resets_at="2026-12-01T00:00:00Z",
)
class QuotaSerializer(serializers.Serializer[Any]):
    """One quota in its current period."""

    kind = serializers.ChoiceField(
        choices=Kind.choices, allow_blank=True, help_text="What it limits; empty: every kind."
    )
    period = serializers.ChoiceField(choices=Period.choices)
    limit_usd = UsdField(source="limit_with_grants", help_text="Grants included.")
    granted_usd = UsdField(source="granted")
    spent_usd = UsdField(source="spent")
    held_usd = UsdField(source="held", help_text="Set aside for jobs in flight.")
    remaining_usd = UsdField(source="remaining")
    resets_at = serializers.DateTimeField(allow_null=True, help_text="Null: never.")
