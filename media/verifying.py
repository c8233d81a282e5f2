"""Opens a file that somebody sent, within limits, and says what it is. Nothing of it is believed unread."""

from __future__ import annotations

import struct
import threading
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any, BinaryIO

import av
from av.error import FFmpegError
from django.conf import settings
from PIL import Image, UnidentifiedImageError

from media.errors import MediaOverLimit, UnreadableMedia, UnsupportedMedia
from media.probe import MILLISECONDS, Properties
from media.sniffing import HEAD_BYTES, sniffed

PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
RECORDINGS = {"video/mp4": "mp4", "audio/mpeg": "mp3", "audio/wav": "wav"}
MOST_PACKETS = 1_000_000
_UNREADABLE = (
    UnidentifiedImageError,
    FFmpegError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    ArithmeticError,
    IndexError,
    struct.error,
)
# One picture is decoded at a time: a small file may be a large picture, and threads share the memory.
_one_at_a_time = threading.Lock()


def verified(source: BinaryIO) -> tuple[str, Properties]:
    """The MIME type and the properties of the file at `source` (seekable, left at its start).

    Raises UnsupportedMedia for a type that the hub does not take, UnreadableMedia for a file that does not open,
    MediaOverLimit for one with too many pixels or seconds; pixels are counted before any is decoded.
    """
    source.seek(0)
    mime_type = sniffed(source.read(HEAD_BYTES))
    source.seek(0)
    if mime_type is None:
        raise UnsupportedMedia
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mime_type, _picture(source, mime_type) if mime_type in PICTURES else _recording(source, mime_type)
    except Image.DecompressionBombError as error:
        raise MediaOverLimit(maximum_pixels=settings.MAX_IMAGE_PIXELS) from error
    except _UNREADABLE as error:
        raise UnreadableMedia(f"The file begins as {mime_type} and cannot be opened as such.") from error
    finally:
        source.seek(0)


def _picture(source: BinaryIO, mime_type: str) -> Properties:
    with Image.open(source, formats=[PICTURES[mime_type]]) as image:
        _bound_pixels(image.width, image.height, settings.MAX_IMAGE_PIXELS)
        with _one_at_a_time:
            image.load()
        return Properties(width=image.width, height=image.height)


def _recording(source: BinaryIO, mime_type: str) -> Properties:
    # The format is told, not guessed: a playlist would have FFmpeg read other files and addresses.
    with av.open(source, mode="r", format=RECORDINGS[mime_type]) as container:
        if mime_type == "video/mp4":
            return _film(container)
        if not container.streams.audio:
            raise ValueError("no sound")
        return Properties(duration_seconds=_seconds(container, settings.MAX_AUDIO_SECONDS))


def _film(container: Any) -> Properties:
    if not container.streams.video:
        raise ValueError("no picture")
    stream = container.streams.video[0]
    _bound_pixels(stream.width, stream.height, settings.MAX_VIDEO_PIXELS)
    seconds = _seconds(container, settings.MAX_VIDEO_SECONDS)
    container.seek(0)
    frame = next(container.decode(stream))
    _bound_pixels(frame.width, frame.height, settings.MAX_VIDEO_PIXELS)
    return Properties(width=frame.width, height=frame.height, duration_seconds=seconds)


def _bound_pixels(width: int, height: int, limit: int) -> None:
    if width < 1 or height < 1:
        raise ValueError("no pixels")
    if width * height > limit:
        detail = f"The picture is {width} by {height} pixels; {limit} pixels in all are the most."
        raise MediaOverLimit(detail, width=width, height=height, maximum_pixels=limit)


def _seconds(container: Any, limit: float) -> Decimal:
    """The end of the last packet, or what the head of the file says if that is later: heads are easily forged."""
    ends: dict[int, Fraction] = {}
    for number, packet in enumerate(container.demux()):
        if number > MOST_PACKETS:
            raise ValueError("too many packets")
        _note_end(packet, ends)
    told = Fraction(container.duration or 0, av.time_base)
    seconds = max([told, *ends.values()])
    if seconds <= 0:
        raise ValueError("nothing in it")
    if seconds > Fraction(limit):
        detail = f"The recording lasts {float(seconds):.1f} seconds; {limit:g} are the most."
        raise MediaOverLimit(detail, seconds=float(round(seconds, 3)), maximum_seconds=limit)
    return (Decimal(seconds.numerator) / seconds.denominator).quantize(MILLISECONDS)


def _note_end(packet: Any, ends: dict[int, Fraction]) -> None:
    """Where a packet ends; packets that say no time follow the one before."""
    if not packet.size or packet.time_base is None:
        return
    before = ends.get(packet.stream_index, Fraction(0))
    length = (packet.duration or 0) * packet.time_base
    start = before if packet.pts is None else packet.pts * packet.time_base
    ends[packet.stream_index] = max(before, start + length)
