"""What a client says of an API key, and how keys and the account are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hub.api.examples import example_of, shown_as
from hub.api.serializers import StrictCharField, StrictSerializer, UsdField, UsdInputField, refuse_controls
from usage.api.serializers import QuotaSerializer
from usage.enums import Period
from usage.selectors import QuotaStatus
from users.models import LONGEST_NAME, LONGEST_NETWORK, ApiKey, User
from users.networks import normalise_network
from users.scopes import Scope

MOST_NETWORKS = 50


class KeyStatus(TextChoices):
    """Whether a key lets anyone in, or why not."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class NetworkField(StrictCharField):
    """A network in CIDR notation, or one address."""

    default_error_messages = {
        "no_network": "This must be a network in CIDR notation without host bits, such as 192.0.2.0/24, or an address."
    }

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalise_network(super().to_internal_value(data))
        except ValueError:
            self.fail("no_network")


class CapInput(StrictSerializer):
    """The most that may be spent through a key in each period."""

    period = serializers.ChoiceField(choices=Period.choices)
    limit_usd = UsdInputField()


@shown_as(
    name="nightly videos",
    scopes=["generations:read", "generations:write", "media:read"],
    caps=[{"period": "day", "limit_usd": "5"}],
    allowed_ips=["192.0.2.0/24"],
)
class NewKeyInput(StrictSerializer):
    """An API key that a client wants. What is left out is as the key that asks has it."""

    name = StrictCharField(max_length=LONGEST_NAME, validators=[refuse_controls], help_text="To tell it apart.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=len(Scope.choices)
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="In the future (RFC 3339).")
    allowed_ips = serializers.ListField(
        child=NetworkField(max_length=LONGEST_NETWORK),
        required=False,
        max_length=MOST_NETWORKS,
        help_text="The networks that it may be used from; empty: from anywhere that your key may.",
    )
    caps = serializers.ListField(
        child=CapInput(), required=False, max_length=len(Period.choices), help_text="At most one for each period."
    )

    def validate_caps(self, caps: list[dict[str, Any]]) -> dict[str, Any]:
        """By period."""
        by_period = {cap["period"]: cap["limit_usd"] for cap in caps}
        if len(by_period) != len(caps):
            raise serializers.ValidationError("Give one cap for each period at most.")
        return by_period


@shown_as(former_until=None)
class RotationInput(StrictSerializer):
    """How long the secret until now goes on working."""

    former_until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Until when the secret before works, at most 7 days ahead; null: not any longer. Left out: 24 hours.",
    )


class CapSerializer(serializers.Serializer[Any]):
    """A key's cap in its current period."""

    period = serializers.ChoiceField(choices=Period.choices)
    limit_usd = UsdField(source="limit_with_grants")
    spent_usd = UsdField(source="spent")
    held_usd = UsdField(source="held", help_text="Set aside for jobs in flight.")
    remaining_usd = UsdField(source="remaining")
    resets_at = serializers.DateTimeField(allow_null=True, help_text="Null: never.")


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key with its caps; with its text in the one answer that shows it."""

    key: ApiKey
    caps: Sequence[QuotaStatus]
    text: str = ""


def shown_keys(keys: Sequence[ApiKey], caps: Mapping[Any, Sequence[QuotaStatus]]) -> list[ShownKey]:
    """Each key with those caps that are its own."""
    return [ShownKey(key, caps.get(key.pk, ())) for key in keys]


@shown_as(
    id="01a1f7c0-90aa-7be0-9d53-8c1e42a6b7d0",
    name="nightly videos",
    prefix="3kq8Zt1mWc5x",
    status="active",
    scopes=["generations:read", "generations:write", "media:read"],
    allowed_ips=["192.0.2.0/24"],
    caps=[
        {
            "period": "day",
            "limit_usd": "5.00",
            "spent_usd": "1.20",
            "held_usd": "0.40",
            "remaining_usd": "3.40",
            "resets_at": "2026-11-23T00:00:00Z",
        }
    ],
    made_by_api_key_id=None,
    created_at="2026-11-20T08:00:00Z",
    expires_at=None,
    last_used_at="2026-11-22T19:00:00Z",
    former_until=None,
    revoked_at=None,
)
class ApiKeySerializer(serializers.Serializer[Any]):
    """An API key, without its secret."""

    id = serializers.UUIDField(source="key.id")
    name = serializers.CharField(source="key.name")
    prefix = serializers.CharField(source="key.prefix", help_text="The visible part: hub_<prefix>_…")
    status = serializers.SerializerMethodField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), source="key.scopes")
    allowed_ips = serializers.ListField(child=serializers.CharField(), source="key.allowed_networks")
    caps = CapSerializer(many=True)
    made_by_api_key_id = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="key.created_at")
    expires_at = serializers.DateTimeField(source="key.expires_at", allow_null=True)
    last_used_at = serializers.DateTimeField(
        source="key.last_used_at", allow_null=True, help_text="To the hour; null: never."
    )
    former_until = serializers.DateTimeField(
        source="key.former_until", allow_null=True, help_text="Until then the secret before the last rotation works."
    )
    revoked_at = serializers.DateTimeField(source="key.revoked_at", allow_null=True)

    @extend_schema_field(serializers.ChoiceField(choices=KeyStatus.choices))
    def get_status(self, shown: ShownKey) -> str:
        if shown.key.revoked_at is not None:
            return KeyStatus.REVOKED
        return KeyStatus.EXPIRED if shown.key.is_expired(timezone.now()) else KeyStatus.ACTIVE

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_made_by_api_key_id(self, shown: ShownKey) -> str | None:
        return str(shown.key.lineage[0]) if shown.key.lineage else None


@shown_as(**example_of(ApiKeySerializer), api_key="hub_3kq8Zt1mWc5x_<43 characters, shown this once>")
class KeyWithSecretSerializer(ApiKeySerializer):
    """An API key with its whole text, which is in this answer alone."""

    api_key = serializers.CharField(source="text", help_text="Shown this once; keep it safe.")


@shown_as(
    id="01a1f7bf-5c2d-7a41-9f0e-6b3d8e2c1a90",
    email="studio@example.org",
    status="active",
    created_at="2026-11-20T07:55:00Z",
    last_active_at="2026-11-22T19:00:00Z",
    api_key=example_of(ApiKeySerializer),
    quotas=[example_of(QuotaSerializer)],
)
class AccountSerializer(serializers.Serializer[Any]):
    """The caller."""

    id = serializers.UUIDField(source="user.id")
    email = serializers.CharField(source="user.email")
    status = serializers.ChoiceField(choices=User.Status.choices, source="user.status")
    created_at = serializers.DateTimeField(source="user.created_at")
    last_active_at = serializers.DateTimeField(source="user.last_active_at", allow_null=True, help_text="To the hour.")
    api_key = ApiKeySerializer(help_text="The key that asks.")
    quotas = QuotaSerializer(many=True)
