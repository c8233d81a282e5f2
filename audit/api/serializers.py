"""How the trail is shown to whom it concerns."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.actions import Action
from audit.models import LONGEST_TARGET_TYPE, AuditLog
from hub.api.examples import shown_as
from hub.api.pagination import CreatedQuery
from hub.api.serializers import StrictCharField


class AuditQuery(CreatedQuery):
    """The query of the trail."""

    action = serializers.ChoiceField(choices=Action.choices, required=False)
    target_type = StrictCharField(max_length=LONGEST_TARGET_TYPE, required=False, help_text="Such as `generation`.")
    target_id = serializers.UUIDField(required=False, help_text="The id of what it was done to.")


@shown_as(
    id="01a204d1-3830-7b1e-8c55-0d9e6a7f4b21",
    action="generation.submitted",
    actor="self",
    actor_label="key 3kq8Zt1mWc5x",
    target_type="generation",
    target_id="01a204d1-382c-7601-9a4a-659f913aebb6",
    ip=None,
    data={"model": "gemini-3.8-flash"},
    request_id="01a204d1-382c-7601-9a4a-659f913aebb6",
    created_at="2026-11-22T19:41:00.124000Z",
)
class AuditSerializer(serializers.Serializer[Any]):
    """One thing that was done by or to the caller."""

    id = serializers.UUIDField()
    action = serializers.ChoiceField(choices=Action.choices)
    actor = serializers.SerializerMethodField(help_text="`self`: the caller; `other`: staff; `hub`: nobody in person.")
    actor_label = serializers.SerializerMethodField(help_text="Such as the key that was used; empty for `other`.")
    target_type = serializers.CharField(allow_blank=True)
    target_id = serializers.UUIDField(allow_null=True)
    ip = serializers.SerializerMethodField(help_text="The caller's own address where it is known, never another's.")
    data = serializers.DictField(  # type: ignore[assignment]  # a field, which the metaclass takes out of the class
        help_text="Facts of the action: no secret, no personal data."
    )
    request_id = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field({"type": "string", "enum": ["self", "other", "hub"]})
    def get_actor(self, entry: AuditLog) -> str:
        if entry.actor_id is None:
            return "hub"
        return "self" if self._is_own(entry) else "other"

    @extend_schema_field({"type": "string"})
    def get_actor_label(self, entry: AuditLog) -> str:
        # A label of staff may be a name.
        return entry.actor_label if entry.actor_id is None or self._is_own(entry) else ""

    @extend_schema_field({"type": ["string", "null"]})
    def get_ip(self, entry: AuditLog) -> str | None:
        return entry.ip if self._is_own(entry) else None

    def _is_own(self, entry: AuditLog) -> bool:
        return bool(entry.actor_id == self.context["user_id"])
