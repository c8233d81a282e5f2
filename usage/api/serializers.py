"""How the ledger and the quotas are shown. Amounts are US dollars as decimal strings."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from hub.api.examples import shown_as
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
    confirmed = serializers.BooleanField(help_text="False: the answer was lost; to be reconciled.")
    estimated = serializers.BooleanField(
        help_text="True: the provider gave no usage; the units are the hub's own count."
    )
    over_hold = serializers.BooleanField(help_text="True: the cost is above what was held.")
    latency_ms = serializers.IntegerField()
    provider_request_id = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
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
