"""How the trail is shown to whom it concerns."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.actions import Action
from audit.models import LONGEST_TARGET_TYPE, AuditLog
from hub.api.pagination import CreatedQuery
from hub.api.serializers import StrictCharField


class AuditQuery(CreatedQuery):
    """The query of the trail."""

    action = serializers.ChoiceField(choices=Action.choices, required=False)
    target_type = StrictCharField(max_length=LONGEST_TARGET_TYPE, required=False, help_text="Such as `generation`.")
    target_id = serializers.UUIDField(required=False)


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
