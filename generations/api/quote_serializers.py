"""How a quote is shown."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generations.models import Generation
from generations.services.quote import Offered
from hub.api.examples import shown_as
from hub.api.serializers import PolicySerializer, UsdField
from hub.common import money


class QuotedPolicySerializer(PolicySerializer):
    """Where one quota stands, and where it would."""

    remaining_after_usd = serializers.CharField(help_text="Below zero: it does not fit.")


class QuotedPriceSerializer(serializers.Serializer[Any]):
    """The price of one unit, and the row of the price list that says so."""

    variant = serializers.CharField(allow_blank=True)
    price_id = serializers.UUIDField()
    usd = serializers.CharField()


class ReasonSerializer(serializers.Serializer[Any]):
    """Why it would not be admitted: the problem that a submission would meet now."""

    code = serializers.CharField()
    message = serializers.CharField()


@shown_as(
    quote_id="01a204d0-9b3e-7c65-8f21-4d3c2b1a0f9e",
    model="imagen-4.0-generate-001",
    kind="image",
    parameters={"number_of_images": 2},
    amount_usd="0.08",
    units={"image": 2},
    prices={"image": {"variant": "", "price_id": "01a1f000-1f2e-7c3d-9b4a-5d6e7f809112", "usd": "0.04"}},
    policies=[
        {
            "kind": "",
            "period": "month",
            "api_key_id": None,
            "limit_usd": "10.00",
            "spent_usd": "9.80",
            "held_usd": "0.15",
            "requested_usd": "0.08",
            "remaining_usd": "0.05",
            "remaining_after_usd": "-0.03",
            "resets_at": "2026-12-01T00:00:00Z",
        }
    ],
    admitted=False,
    reason={"code": "quota_held", "message": "This request fits once jobs in flight have settled; try again shortly."},
    expires_at="2026-11-22T19:50:00.120000Z",
)
class QuoteSerializer(serializers.Serializer[Any]):
    """What a generation would cost at the most, and whether it would be admitted now."""

    quote_id = serializers.UUIDField(source="quote.id")
    model = serializers.CharField(source="quote.model")
    kind = serializers.ChoiceField(choices=Generation.Kind.choices, source="priced.spec.kind")
    parameters = serializers.DictField(source="priced.parameters", help_text="Complete with the model's defaults.")
    amount_usd = UsdField(source="quote.amount", help_text="The most that it can cost; this much would be held.")
    units = serializers.DictField(child=serializers.IntegerField(), source="priced.units", help_text="At the most.")
    prices = serializers.DictField(child=QuotedPriceSerializer(), help_text="The price of each unit.")
    policies = serializers.SerializerMethodField(help_text="Each quota that it would touch, as it stands now.")
    admitted = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField(source="quote.expires_at", help_text="Until then the price is honoured.")

    @extend_schema_field(QuotedPolicySerializer(many=True))
    def get_policies(self, offered: Offered) -> list[dict[str, str | None]]:
        amount = offered.quote.amount
        return [
            {
                **status.as_policy(amount),
                "remaining_after_usd": money.text(status.limit_with_grants - status.spent - status.held - amount),
            }
            for status in offered.statuses
        ]

    def get_admitted(self, offered: Offered) -> bool:
        return offered.refusal is None

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_reason(self, offered: Offered) -> dict[str, str] | None:
        if offered.refusal is None:
            return None
        return {"code": offered.refusal.code, "message": cleandoc(offered.refusal.__doc__ or "")}
