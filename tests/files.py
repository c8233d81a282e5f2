"""Small files of every type that the hub takes."""

from __future__ import annotations

import io
import math
import struct
import wave
import zlib
from collections.abc import Callable
from functools import cache

import av
from PIL import Image


@cache
def picture(kind: str = "PNG", *, width: int = 60, height: int = 40) -> bytes:
    target = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(target, kind)
    return target.getvalue()


@cache
def film(*, seconds: int = 2, width: int = 64, height: int = 48) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=16_000, layout="mono")
        for number in range(seconds * 8):
            image = Image.new("RGB", (width, height), (number * 7 % 255, 0, 0))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
        frame = av.AudioFrame("s16", "mono", seconds * 16_000)
        frame.sample_rate = 16_000
        frame.planes[0].update(bytes(seconds * 32_000))
        container.mux([*sound.encode(frame), *sound.encode(None)])
    return target.getvalue()


@cache
def wav(*, seconds: float = 2) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 9))) for n in range(int(seconds * 8000))))
    return target.getvalue()


@cache
def mp3(*, seconds: int = 2) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=44_100, layout="mono")
        frame = av.AudioFrame("s16", "mono", seconds * 44_100)
        frame.sample_rate = 44_100
        frame.planes[0].update(bytes(seconds * 88_200))
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return target.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


MAKERS: dict[str, Callable[[], bytes]] = {
    "image/png": lambda: picture("PNG"),
    "image/jpeg": lambda: picture("JPEG"),
    "image/webp": lambda: picture("WEBP"),
    "video/mp4": film,
    "audio/mpeg": mp3,
    "audio/wav": wav,
}
