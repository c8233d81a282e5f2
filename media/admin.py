"""Files for the staff: what is known of them, never their bytes."""

from __future__ import annotations

from django.contrib import admin

from hub.common.admin import FoundByIdAdmin
from media.models import Media


@admin.register(Media)
class MediaAdmin(FoundByIdAdmin):
    """What was made or uploaded, and where it lies."""

    list_display = ("id", "kind", "mime_type", "bytes", "width", "height", "duration_seconds", "created_at")
    list_filter = ("kind",)
    found_by = ("id", "owner_id", "reference")
    search_help_text = "The whole id of a file, of its owner, or of the generation that made it."
