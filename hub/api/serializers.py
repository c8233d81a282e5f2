"""What every serializer of the API shares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from hub.common import money

_USD = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")


class StrictSerializer(serializers.Serializer[Any]):
    """An input whose unknown fields are refused, each named."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [str(name) for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        refused = {name: [self._unknown()] for name in unknown}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**error.detail, **refused}) from error
        if refused:
            raise serializers.ValidationError(refused)
        return values

    def _unknown(self) -> str:
        known = ", ".join(self.fields)
        return f"Unknown; known here: {known}." if known else "Unknown; nothing is taken here."


class StrictCharField(serializers.CharField):
    """A text as it was sent: a number is none, and spaces at its ends stay."""

    default_error_messages = {"invalid": "This must be a string."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not self.allow_blank and not data.strip():
            self.fail("blank")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def refuse_controls(text: str) -> None:
    """A validator for what is one line."""
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise serializers.ValidationError("Leave out control characters such as line breaks.")


class StrictBooleanField(serializers.BooleanField):
    """True or false; a string or a number is neither."""

    default_error_messages = {"invalid": "This must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictUUIDField(serializers.UUIDField):
    """An id as text: the number 7 is none."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": r"^-?\d+\.\d{2,9}$", "examples": ["0.05"]})
class UsdField(serializers.Field[Decimal, Any, str, Any]):
    """US dollars as a decimal string: exact, at least two places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, **kwargs})

    def to_representation(self, value: Decimal) -> str:
        return money.text(value)


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?$", "examples": ["2.50"]})
class UsdInputField(serializers.Field[Decimal, Any, str, Any]):
    """US dollars that a client names, zero or more: a decimal string, as a JSON number may have lost digits already."""

    default_error_messages = {"invalid": 'This must be US dollars as a decimal string, such as "2.50".'}

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _USD.fullmatch(data):
            self.fail("invalid")
        return money.usd(data)

    def to_representation(self, value: Decimal) -> str:
        return money.text(value)


class FieldErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="The field, dotted where it is nested: `parameters.duration_seconds`.")
    message = serializers.CharField()


class PolicySerializer(serializers.Serializer[Any]):
    """Where one quota stood when it refused a request."""

    kind = serializers.CharField(allow_blank=True, help_text="The kind of work it limits; empty: every kind.")
    period = serializers.CharField()
    api_key_id = serializers.UUIDField(allow_null=True, help_text="The API key whose cap it is; null: the account's.")
    limit_usd = serializers.CharField()
    spent_usd = serializers.CharField()
    held_usd = serializers.CharField()
    requested_usd = serializers.CharField()
    remaining_usd = serializers.CharField()
    resets_at = serializers.DateTimeField(allow_null=True)


class RatePolicySerializer(serializers.Serializer[Any]):
    """Where one rate limit stood when a request was refused."""

    name = serializers.CharField(help_text="`key`, `user`, or `refused` for the refused credentials of an address.")
    requests = serializers.IntegerField(help_text="So many in `window_seconds`, on the average.")
    window_seconds = serializers.IntegerField()
    burst = serializers.IntegerField(help_text="So many at once.")
    remaining = serializers.IntegerField()
    retry_after_seconds = serializers.IntegerField(help_text="0 where it is not this one that refused.")


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="PolicyStanding",
        serializers=[PolicySerializer, RatePolicySerializer],
        resource_type_field_name=None,
        many=True,
    )
)
class _Policies(serializers.ListField):
    """Quotas for a 402, rate limits for a 429."""


def _violated_policies() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The names of the rate limits that refused."
    )


class ProblemSerializer(serializers.Serializer[Any]):
    """The problem document that every error answers with (RFC 9457). Further members are facts of the one problem."""

    type = serializers.URLField(help_text="Stable URL of the kind of problem.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened, and what to do.")
    code = serializers.CharField(help_text="Stable; never changes.")
    request_id = serializers.CharField()
    errors = FieldErrorSerializer(  # type: ignore[assignment]  # a field, which the metaclass takes out of the class
        many=True, required=False, help_text="Each field that is not valid."
    )
    policies = _Policies(required=False, help_text="Each quota, or each rate limit, that applies.")

    def get_fields(self) -> dict[str, Any]:
        """With the one member whose name, the draft's of the RateLimit fields, is none of Python's."""
        return {**super().get_fields(), "violated-policies": _violated_policies()}
