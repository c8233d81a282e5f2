"""The words of the money: what is counted, for which kind of work, over which period, and how it ended."""

from __future__ import annotations

from django.db.models import TextChoices


class Kind(TextChoices):
    """What a model makes."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    MUSIC = "music"


class Unit(TextChoices):
    """What a provider counts and bills. `input_token` excludes the cached and the audio ones: no token counts twice."""

    INPUT_TOKEN = "input_token"
    CACHED_TOKEN = "cached_token"
    AUDIO_TOKEN = "audio_token", "input audio token"
    OUTPUT_TOKEN = "output_token", "output token, thoughts included"
    IMAGE_TOKEN = "image_token", "output image token"
    VIDEO_TOKEN = "video_token", "output video token"
    IMAGE = "image"
    VIDEO_SECOND = "video_second"
    SONG = "song"
    CLIP = "clip"


class Period(TextChoices):
    """How long a limit lasts before it starts anew; a total never does."""

    DAY = "day"
    MONTH = "month"
    TOTAL = "total"


class HoldState(TextChoices):
    """A hold leaves `held` once, for one of the other two."""

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"


class Outcome(TextChoices):
    """How one request to a provider ended; `unknown` when its answer was lost."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
