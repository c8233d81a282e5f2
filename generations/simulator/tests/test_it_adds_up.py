from __future__ import annotations

import base64
from typing import Any

import pytest

from generations.simulator.tests.conftest import Running
from generations.simulator.usage import cut_to, text_tokens

PROMPT = "Describe the harbour at night, in detail. "


def _usage(answer: Any) -> dict[str, Any]:
    usage: dict[str, Any] = answer.json()["usageMetadata"]
    named = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    assert usage["totalTokenCount"] == sum(usage.get(name, 0) for name in named)
    assert usage["promptTokenCount"] == sum(part["tokenCount"] for part in usage["promptTokensDetails"])
    assert usage["candidatesTokenCount"] == sum(part["tokenCount"] for part in usage["candidatesTokensDetails"])
    return usage


@pytest.mark.parametrize("model", ["gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-2.5-pro", "gemini-4-argon"])
def test_it_bills_what_the_usage_says(simulator: Running, model: str) -> None:
    usage = _usage(simulator.ask(PROMPT, model=model))
    output = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    assert simulator.only_call()["units"] == {"input_token": usage["promptTokenCount"], "output_token": output}


@pytest.mark.parametrize("cap", [1, 2, 17, 60, 10_000])
def test_it_never_goes_above_the_output_cap(simulator: Running, cap: int) -> None:
    answer = simulator.ask(PROMPT, maxOutputTokens=cap)
    [candidate] = answer.json()["candidates"]
    usage = answer.json()["usageMetadata"]
    assert usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0) <= cap
    assert usage.get("candidatesTokenCount", 0) == text_tokens(candidate["content"]["parts"][0]["text"])
    assert candidate["finishReason"] == ("STOP" if cap == 10_000 else "MAX_TOKENS")


def test_it_keeps_thoughts_within_their_budget(simulator: Running) -> None:
    for budget in (0, 5, 30):
        usage = simulator.ask(PROMPT, thinkingConfig={"thinkingBudget": budget}).json()["usageMetadata"]
        assert usage.get("thoughtsTokenCount", 0) == budget


IMAGES = [
    ("gemini-3.1-flash-image", {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}),
    ("gemini-3-pro-image", {"1K": 1120, "2K": 1120, "4K": 2000}),
    ("gemini-2.5-flash-image", {"1K": 1290}),
]


@pytest.mark.parametrize(
    ("model", "size", "tokens"), [(model, size, tokens) for model, sizes in IMAGES for size, tokens in sizes.items()]
)
def test_it_counts_an_image_by_its_size(simulator: Running, model: str, size: str, tokens: int) -> None:
    usage = _usage(simulator.ask("a hill", model=model, imageConfig={"imageSize": size}))
    assert {"modality": "IMAGE", "tokenCount": tokens} in usage["candidatesTokensDetails"]
    assert simulator.only_call()["units"]["image_token"] == tokens


@pytest.mark.parametrize(("resolution", "rate"), [("360p", 1714), ("720p", 5792), ("1080p", 8571), ("4k", 17143)])
def test_it_counts_a_video_by_its_seconds(simulator: Running, resolution: str, rate: int) -> None:
    wanted = {"type": "video", "duration": "5s", "resolution": resolution}
    body = {"model": "gemini-omni-1.2-flash", "input": "a fox", "response_format": wanted}
    usage = simulator.post("/v1/interactions", body).json()["usage"]
    units = simulator.only_call()["units"]
    assert usage["output_tokens_by_modality"] == [{"modality": "video", "tokens": 5 * rate}]
    named = ("total_input_tokens", "total_output_tokens", "total_thought_tokens")
    assert usage["total_tokens"] == sum(usage[name] for name in named)
    assert units == {"input_token": 2, "output_token": usage["total_thought_tokens"], "video_token": 5 * rate}


def test_it_counts_each_modality_of_the_input(simulator: Running) -> None:
    inline = [
        {"inlineData": {"mimeType": mime, "data": base64.b64encode(bytes(50_000)).decode()}}
        for mime in ("image/png", "audio/mpeg", "video/mp4")
    ]
    body = {"contents": [{"parts": [{"text": "what is this?"}, *inline]}]}
    usage = _usage(simulator.post("/v1/models/gemini-3.8-flash:generateContent", body))
    details = {part["modality"]: part["tokenCount"] for part in usage["promptTokensDetails"]}
    assert details == {"TEXT": 4, "IMAGE": 258, "AUDIO": 100, "VIDEO": 258}
    units = simulator.only_call()["units"]
    assert (units["input_token"], units["audio_token"]) == (4 + 258 + 258, 100)


def test_it_counts_the_system_instruction(simulator: Running) -> None:
    plain = simulator.ask("hello").json()["usageMetadata"]["promptTokenCount"]
    body = {"contents": [{"parts": [{"text": "hello"}]}], "systemInstruction": {"parts": [{"text": "12345678"}]}}
    answer = simulator.post("/v1/models/gemini-3.8-flash:generateContent", body)
    assert answer.json()["usageMetadata"]["promptTokenCount"] == plain + 2


def test_it_remembers_a_long_prompt(simulator: Running) -> None:
    prompt = PROMPT * 300
    first, second = (simulator.ask(prompt).json()["usageMetadata"] for _ in range(2))
    units = simulator.calls()[1]["units"]
    assert "cachedContentTokenCount" not in first
    assert second["cachedContentTokenCount"] == 3072
    assert second["promptTokenCount"] == first["promptTokenCount"]
    assert (units["cached_token"], units["input_token"]) == (3072, first["promptTokenCount"] - 3072)


def test_it_gives_as_many_candidates_as_asked(simulator: Running) -> None:
    answer = simulator.ask("hello", candidateCount=3)
    _usage(answer)
    texts = {candidate["content"]["parts"][0]["text"] for candidate in answer.json()["candidates"]}
    assert len(texts) == 3


def test_it_bills_music_by_the_piece(simulator: Running) -> None:
    for family in ("song", "clip"):
        simulator.start(family, "a waltz")
    assert [call["units"] for call in simulator.calls()] == [{"song": 1}, {"clip": 1}]


def test_it_bills_veo_by_the_second(simulator: Running) -> None:
    path = "/v1beta1/projects/p/locations/us-central1/publishers/google/models/veo-3.1-fast-generate-001"
    body = {"instances": [{"prompt": "a cat"}], "parameters": {"durationSeconds": 6, "sampleCount": 2}}
    started = simulator.post(f"{path}:predictLongRunning", body)
    assert started.json()["name"].startswith("projects/p/locations/us-central1/publishers/google/models/veo-3.1-fast")
    simulator.finish("veo", started)
    assert simulator.only_call()["units"] == {"video_second": 12}


@pytest.mark.parametrize("text", ["", "a", "abcd", "abcde", "狐狸 fox", "🦊" * 9])
def test_a_cut_text_counts_at_most_what_it_was_cut_to(text: str) -> None:
    for tokens in range(12):
        cut = cut_to(text, tokens)
        assert text.startswith(cut)
        assert text_tokens(cut) <= tokens
        assert cut == text or text_tokens(text[: len(cut) + 1]) > tokens
