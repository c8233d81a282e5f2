"""The files: metadata and pointers; bytes live in object storage."""

from __future__ import annotations

from django.apps import AppConfig


class MediaConfig(AppConfig):
    name = "media"
