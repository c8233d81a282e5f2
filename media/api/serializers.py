"""How a file is shown."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from hub.api.examples import shown_as
from hub.api.pagination import CreatedQuery
from hub.api.serializers import StrictSerializer
from media.models import Media
from media.selectors import GENERATED, SOURCES, UPLOADED


class MediaQuery(CreatedQuery):
    """The query of the list of files."""

    kind = serializers.ChoiceField(choices=Media.Kind.choices, required=False)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, which the metaclass takes out of the class
        choices=SOURCES, required=False, help_text="Sent by you, or made here."
    )
    generation = serializers.UUIDField(required=False, help_text="Made by this generation.")


class FileSerializer(serializers.Serializer[Any]):
    """What is known of a file, and where its bytes are."""

    media_id = serializers.UUIDField(source="id")
    kind = serializers.ChoiceField(choices=Media.Kind.choices)
    mime_type = serializers.CharField()
    bytes = serializers.IntegerField()
    width = serializers.IntegerField(allow_null=True, help_text="Pixels; null for sound.")
    height = serializers.IntegerField(allow_null=True)
    duration_seconds = serializers.FloatField(allow_null=True, help_text="Null for pictures.")
    url = serializers.SerializerMethodField(help_text="The bytes; needs the API key like every other address.")

    def get_url(self, media: Media) -> str:
        return reverse("media-content", args=[media.id], request=self.context.get("request"))


@shown_as(
    id="01a204d2-0a51-7c11-8f3e-2f6a0b7d9c44",
    kind="video",
    mime_type="video/mp4",
    bytes=2481152,
    width=1280,
    height=720,
    duration_seconds=8.0,
    url="https://hub.example.com/api/v1/media/01a204d2-0a51-7c11-8f3e-2f6a0b7d9c44/content",
    source="generated",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    generation_id="01a204d1-382c-7601-9a4a-659f913aebb6",
    created_at="2026-11-22T19:42:10.120000Z",
    expires_at=None,
)
class MediaSerializer(FileSerializer):
    """A file as an object of its own."""

    media_id = None  # type: ignore[assignment]  # how DRF leaves out a field of the base
    id = serializers.UUIDField()
    source = serializers.SerializerMethodField(  # type: ignore[assignment]  # as above
        help_text="Sent by you, or made here."
    )
    sha256 = serializers.CharField()
    generation_id = serializers.UUIDField(
        source="reference", allow_null=True, help_text="The generation that made it; null for an upload."
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field({"type": "string", "enum": list(SOURCES)})
    def get_source(self, media: Media) -> str:
        return UPLOADED if media.reference is None else GENERATED


class UploadSerializer(StrictSerializer):
    """A file to take in."""

    file = serializers.FileField(
        allow_empty_file=True,
        use_url=False,
        help_text="PNG, JPEG, WebP, MP4, MP3 or WAV. Its bytes say which; its name and declared type do not count.",
    )
