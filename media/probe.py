"""Reads what a file is: size of a picture, size and duration of a video, duration of a sound."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

import av
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError

MILLISECONDS = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Properties:
    """Pixels and seconds; None where the file has none, or where it could not be read."""

    width: int | None = None
    height: int | None = None
    duration_seconds: Decimal | None = None


def probe(source: BinaryIO, *, mime_type: str) -> Properties:
    """The properties of the file at `source` (seekable). An unreadable file has none: that is no reason to lose it."""
    source.seek(0)
    try:
        return _image(source) if mime_type.startswith("image/") else _container(source)
    except (UnidentifiedImageError, FFmpegError, OSError, ValueError):
        return Properties()
    finally:
        source.seek(0)


def _image(source: BinaryIO) -> Properties:
    with Image.open(source) as image:
        return Properties(width=image.width, height=image.height)


def _container(source: BinaryIO) -> Properties:
    with av.open(source, mode="r") as container:
        duration = None if container.duration is None else Decimal(container.duration) / av.time_base
        seconds = None if duration is None else duration.quantize(MILLISECONDS)
        if not container.streams.video:
            return Properties(duration_seconds=seconds)
        video = container.streams.video[0]
        return Properties(width=video.width, height=video.height, duration_seconds=seconds)
