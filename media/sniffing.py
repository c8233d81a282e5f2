"""What a file is, by its first bytes: neither its name nor what the client says of it counts."""

from __future__ import annotations

HEAD_BYTES = 16
EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
}
# The brands of MP4 that hold a film; sound alone (M4A), pictures (avif, heic) and QuickTime have brands of their own.
_FILM_BRANDS = (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash")
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def sniffed(head: bytes) -> str | None:
    """The MIME type of a file that begins so; None for every type that the hub does not take."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "video/mp4" if head[8:12] in _FILM_BRANDS else None
    return "audio/mpeg" if head.startswith(b"ID3") or _is_mp3_frame(head) else None


def _is_mp3_frame(head: bytes) -> bool:
    """Eleven bits of synchronisation, a version that exists, layer III."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08
