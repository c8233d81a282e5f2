"""Looks at the files of a request: pixels, seconds, sound. What does not open is counted by its bytes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import av
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError


@dataclass(frozen=True, slots=True)
class Measure:
    """`seconds` are whole ones, a begun one counted."""

    width: int = 0
    height: int = 0
    seconds: int = 0
    has_sound: bool = False


def measured(mime_type: str, data: bytes) -> Measure | None:
    """None for a file of an unknown family, or one that does not open."""
    try:
        if mime_type.startswith("image/"):
            with Image.open(io.BytesIO(data)) as image:
                return Measure(image.width, image.height)
        return _recording(data) if mime_type.startswith(("video/", "audio/")) else None
    except (UnidentifiedImageError, FFmpegError, OSError, ValueError):
        return None


def _recording(data: bytes) -> Measure:
    with av.open(io.BytesIO(data), mode="r") as container:
        seconds = math.ceil((container.duration or 0) / av.time_base)
        return Measure(seconds=seconds, has_sound=bool(container.streams.audio))
