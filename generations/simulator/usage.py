"""Tokens: how many a text or a file counts as, and both of Google's ways to say it.

Text counts a quarter of a token for each ASCII character and one for any other, rounded up. From Gemini 3 on an image
counts 1,120, to an image model 560; before, 258 for each tile that it is cut into. A second of film counts 263, one
of sound 32, also of a film's. What does not open counts by its size: an image or a document 258, audio one for each 500
bytes (at least 32), a video one for each 200 bytes (at least 258); a file that is only named counts as 100,000 bytes.
Thoughts are output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generations.simulator.measure import measured

IMAGE_TOKENS = {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}
PRO_IMAGE_TOKENS = {"512": 1120, "1K": 1120, "2K": 1120, "4K": 2000}
ONE_SIZE_IMAGE_TOKENS = 1290
VIDEO_TOKENS_PER_SECOND = {"360p": 1714, "720p": 5792, "1080p": 8571, "4k": 17143}
AUDIO_TOKENS_PER_SECOND = 25
UNSEEN_FILE_BYTES = 100_000
PICTURE_TOKENS, IMAGE_MODEL_PICTURE_TOKENS, TILE_TOKENS, SMALL_PICTURE = 1120, 560, 258, 384
FILM_TOKENS_PER_SECOND, SOUND_TOKENS_PER_SECOND = 263, 32


def text_tokens(text: str) -> int:
    plain = sum(character.isascii() for character in text)
    return math.ceil(plain / 4 + len(text) - plain)


def cut_to(text: str, tokens: int) -> str:
    """The longest beginning of `text` that counts at most `tokens`."""
    if text_tokens(text) <= tokens:
        return text
    weight = 0.0
    for position, character in enumerate(text):
        weight += 0.25 if character.isascii() else 1
        if weight > tokens:
            return text[:position]
    return text


def image_tokens(model: str, image_size: str) -> int:
    """Output tokens of one picture; gemini-2.5-flash-image knows one size."""
    if model == "gemini-2.5-flash-image":
        return ONE_SIZE_IMAGE_TOKENS
    return (PRO_IMAGE_TOKENS if "pro" in model else IMAGE_TOKENS)[image_size]


def file_tokens(model: str, mime_type: str, data: bytes | None) -> dict[str, int]:
    """Tokens by modality of an input file; None for one that is only named."""
    found = measured(mime_type, data) if data is not None else None
    if found is None:
        modality, tokens = _by_size(mime_type, UNSEEN_FILE_BYTES if data is None else len(data))
        return {modality: tokens}
    if mime_type.startswith("image/"):
        return {"IMAGE": picture_tokens(model, found.width, found.height)}
    sound = {"AUDIO": found.seconds * SOUND_TOKENS_PER_SECOND} if found.has_sound else {}
    film = {"VIDEO": found.seconds * FILM_TOKENS_PER_SECOND} if mime_type.startswith("video/") else {}
    return {**film, **sound}


def picture_tokens(model: str, width: int, height: int) -> int:
    """Input tokens of one picture: a fixed number, or for 2.5 models 258 for each tile of two thirds of its edge."""
    if "-2.5-" not in model:
        return IMAGE_MODEL_PICTURE_TOKENS if model.endswith("-image") else PICTURE_TOKENS
    if max(width, height) <= SMALL_PICTURE:
        return TILE_TOKENS
    unit = max(1, int(min(width, height) / 1.5))
    return TILE_TOKENS * math.ceil(width / unit) * math.ceil(height / unit)


def _by_size(mime_type: str, size: int) -> tuple[str, int]:
    family = mime_type.partition("/")[0]
    if family == "audio":
        return "AUDIO", max(32, size // 500)
    if family == "video":
        return "VIDEO", max(258, size // 200)
    if family == "image":
        return "IMAGE", 258
    return "DOCUMENT", 258


@dataclass(frozen=True, slots=True)
class Usage:
    """`prompt` counts cached tokens too, by modality; `media` is output that is not text, by modality."""

    prompt: Mapping[str, int]
    cached: int = 0
    text: int = 0
    thoughts: int = 0
    media: Mapping[str, int] = field(default_factory=dict)

    @property
    def prompt_total(self) -> int:
        return sum(self.prompt.values())

    @property
    def output_total(self) -> int:
        return self.text + sum(self.media.values())

    @property
    def total(self) -> int:
        return self.prompt_total + self.output_total + self.thoughts

    def units(self) -> dict[str, int]:
        """In the hub's units: input without what is cached or audio, output with the thoughts."""
        audio = self.prompt.get("AUDIO", 0)
        return {
            "input_token": self.prompt_total - self.cached - audio,
            "cached_token": self.cached,
            "audio_token": audio,
            "output_token": self.text + self.thoughts,
            "image_token": self.media.get("IMAGE", 0),
            "video_token": self.media.get("VIDEO", 0),
        }

    def classic(self, *, enterprise: bool) -> dict[str, Any]:
        """usageMetadata; counts that are zero are left out, as Google leaves them out."""
        output = {"TEXT": self.text, **self.media}
        counts: dict[str, Any] = {
            "promptTokenCount": self.prompt_total,
            "cachedContentTokenCount": self.cached,
            "candidatesTokenCount": self.output_total,
            "thoughtsTokenCount": self.thoughts,
            "totalTokenCount": self.total,
            "promptTokensDetails": _details(self.prompt),
            "cacheTokensDetails": _details({"TEXT": self.cached}),
            "candidatesTokensDetails": _details(output),
            "trafficType": "ON_DEMAND" if enterprise else "",
        }
        return {name: count for name, count in counts.items() if count}

    def of_interaction(self) -> dict[str, Any]:
        return {
            "total_input_tokens": self.prompt_total,
            "total_cached_tokens": self.cached,
            "total_output_tokens": self.output_total,
            "total_thought_tokens": self.thoughts,
            "total_tool_use_tokens": 0,
            "total_tokens": self.total,
            "input_tokens_by_modality": _by_modality(self.prompt),
            "cached_tokens_by_modality": _by_modality({"TEXT": self.cached}),
            "output_tokens_by_modality": _by_modality({"TEXT": self.text, **self.media}),
        }


def _details(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]


def _by_modality(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"modality": modality.lower(), "tokens": count} for modality, count in counts.items() if count]
