"""How the ledger and the quotas are shown. Amounts are US dollars as decimal strings."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from hub.api.pagination import CreatedQuery
from hub.api.serializers import StrictCharField, UsdField
from usage.enums import Kind, Outcome, Period


class UsageQuery(CreatedQuery):
    """The query of the ledger."""

    model = StrictCharField(max_length=100, required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)


class UnitPriceSerializer(serializers.Serializer[Any]):
    """The price at which a unit was billed."""

    variant = serializers.CharField(allow_blank=True, help_text="Which sort of the unit; empty: the plain one.")
    price_id = serializers.UUIDField()
    usd = serializers.CharField(help_text="US dollars for one unit.")


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
    confirmed = serializers.BooleanField(help_text="False: the answer was lost; to be reconciled.")
    estimated = serializers.BooleanField(
        help_text="True: the provider gave no usage; the units are the hub's own count."
    )
    over_hold = serializers.BooleanField(help_text="True: the cost is above what was held.")
    latency_ms = serializers.IntegerField()
    provider_request_id = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


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
