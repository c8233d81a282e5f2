"""A provider's usage, counted in our units. Zero counts are left out; None means that no usage was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.genai import interactions, types

from usage.enums import Unit

Units = Mapping[str, int]


def of_content(usage: types.GenerateContentResponseUsageMetadata | None, *, kind: str) -> Units | None:
    """generateContent: the prompt includes what was cached; thoughts are billed as output, tool prompts as input."""
    if usage is None:
        return None
    prompt, cached = _by_modality(usage.prompt_tokens_details), _by_modality(usage.cache_tokens_details)
    candidates = usage.candidates_token_count or 0
    made = _by_modality(usage.candidates_tokens_details)
    # An image model that does not break its count down is taken at its word for the dearer unit.
    images = made.get("IMAGE", 0) if made or kind != "image" else candidates
    return _units(
        total_input=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        cached=usage.cached_content_token_count or 0,
        audio=prompt.get("AUDIO", 0) - cached.get("AUDIO", 0),
        text=candidates - images + (usage.thoughts_token_count or 0),
        image=images,
    )


def of_interaction(usage: interactions.Usage | None) -> Units | None:
    """Interactions: totals beside breakdowns by modality; thoughts are not in the total of the output."""
    if usage is None:
        return None
    going_in, cached = _spread(usage.input_tokens_by_modality), _spread(usage.cached_tokens_by_modality)
    made = _spread(usage.output_tokens_by_modality)
    image, video = made.get("image", 0), made.get("video", 0)
    return _units(
        total_input=(usage.total_input_tokens or 0) + (usage.total_tool_use_tokens or 0),
        cached=usage.total_cached_tokens or 0,
        audio=going_in.get("audio", 0) - cached.get("audio", 0),
        text=(usage.total_output_tokens or 0) - image - video + (usage.total_thought_tokens or 0),
        image=image,
        video=video,
    )


def _units(*, total_input: int, cached: int, audio: int, text: int, image: int = 0, video: int = 0) -> Units:
    audio = max(audio, 0)
    counted = {
        Unit.INPUT_TOKEN: total_input - cached - audio,
        Unit.CACHED_TOKEN: cached,
        Unit.AUDIO_TOKEN: audio,
        Unit.OUTPUT_TOKEN: text,
        Unit.IMAGE_TOKEN: image,
        Unit.VIDEO_TOKEN: video,
    }
    return {unit.value: count for unit, count in counted.items() if count > 0}


def _by_modality(details: Iterable[types.ModalityTokenCount] | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    for detail in details or ():
        name = detail.modality.value if detail.modality else "TEXT"
        counts[name] = counts.get(name, 0) + (detail.token_count or 0)
    return counts


def _spread(details: Iterable[interactions.ModalityTokens] | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    for detail in details or ():
        name = str(detail.modality or "text")
        counts[name] = counts.get(name, 0) + (detail.tokens or 0)
    return counts
