"""What a client says of its rights, and how requests under them are shown."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from hub.api.examples import shown_as
from hub.api.serializers import StrictBooleanField, StrictSerializer, StrictUUIDField
from users.models import PrivacyRequest

Kind, Status = PrivacyRequest.Kind, PrivacyRequest.Status


@shown_as()
class ExportInput(StrictSerializer):
    """An export is of everything; there is nothing to say."""


@shown_as(confirm="01a1f7bf-5c2d-7a41-9f0e-6b3d8e2c1a90")
class ErasureInput(StrictSerializer):
    """An erasure cannot be taken back: either `confirm` or `dry_run` is given."""

    confirm = StrictUUIDField(required=False, help_text="The id of your account (`GET /api/v1/me`), to be sure.")
    dry_run = StrictBooleanField(default=False, help_text="Only say what would be erased; nothing is changed.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The account itself is confirmed, not another one."""
        if not attrs["dry_run"] and attrs.get("confirm") != self.context["user_id"]:
            raise serializers.ValidationError({"confirm": ["Give the id of your account: an erasure is for ever."]})
        return attrs


@shown_as(counts={"generations": 12, "media": 14, "usage_logs": 12}, blocked_by=["erasure_jobs_running"])
class PlanSerializer(serializers.Serializer[Any]):
    """What an erasure would do now."""

    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Rows by table, and what lies elsewhere."
    )
    blocked_by = serializers.ListField(child=serializers.CharField(), help_text="Codes of what stands against it.")


class ArchiveSerializer(serializers.Serializer[Any]):
    """The ZIP of an export."""

    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    expires_at = serializers.DateTimeField(help_text="The file is gone then.")
    url = serializers.CharField(help_text="Where it is, for your API key.")


class ReceiptSerializer(serializers.Serializer[Any]):
    """What is left to show of an erasure: nothing of whom."""

    version = serializers.IntegerField()
    request_id = serializers.UUIDField()
    account = serializers.CharField(help_text="A keyed digest of the account's id.")
    requested_at = serializers.DateTimeField()
    erased_at = serializers.DateTimeField()
    verified_at = serializers.DateTimeField(help_text="Nothing was found any more.")
    counts = serializers.DictField(child=serializers.IntegerField())
    outcome = serializers.DictField(child=serializers.IntegerField(), help_text="What became of what lay elsewhere.")


@shown_as(
    id="01a204d4-77aa-7c10-8f53-6d0a1b2c3d4e",
    kind="export",
    status="done",
    blocked_by=[],
    counts={"generations": 12, "files": 14},
    archive={
        "bytes": 48211,
        "sha256": "9f2c1d64b5a70e83f1f5f4a6c3e2d1b09f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "expires_at": "2026-11-29T19:42:00Z",
        "url": "https://hub.example.org/api/v1/me/privacy-requests/01a204d4-77aa-7c10-8f53-6d0a1b2c3d4e/content",
    },
    receipt=None,
    created_at="2026-11-22T19:41:40Z",
    finished_at="2026-11-22T19:42:00Z",
    verified_at=None,
)
class PrivacyRequestSerializer(serializers.Serializer[Any]):
    """One request under the rights over one's own data."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    status = serializers.ChoiceField(choices=Status.choices)
    blocked_by = serializers.ListField(
        source="codes", child=serializers.CharField(), help_text="Codes of what refused it, or of what it waits for."
    )
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Rows by table, when it is done.")
    archive = serializers.SerializerMethodField(help_text="Of an export that is done and has not expired, else null.")
    receipt = serializers.SerializerMethodField(help_text="Of an erasure that is verified, else null.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(ArchiveSerializer(allow_null=True))
    def get_archive(self, request: PrivacyRequest) -> dict[str, Any] | None:
        if not request.key or request.status != Status.DONE or request.expires_at is None:
            return None
        if request.expires_at <= timezone.now():
            return None
        url = reverse("privacy-request-content", args=[request.id], request=self.context["request"])
        facts = {"bytes": request.bytes, "sha256": request.sha256, "expires_at": request.expires_at, "url": url}
        return dict(ArchiveSerializer(facts).data)

    @extend_schema_field(ReceiptSerializer(allow_null=True))
    def get_receipt(self, request: PrivacyRequest) -> dict[str, Any] | None:
        return request.receipt
