"""How an answer is read: units, reasons and outputs that the simulator does not produce."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO
from uuid import uuid4

import pytest

from generations.providers.base import (
    Billed,
    Blocked,
    Finished,
    Outcome,
    Output,
    Pending,
    ProviderError,
    ProviderRequest,
)
from generations.providers.tests.conftest import configure, job
from generations.providers.tests.rawserver import RawServer, answer, raw_server

# The SDK warns of a word that it does not know yet, and hands it on.
pytestmark = pytest.mark.filterwarnings("ignore:.* is not a valid")

TEXT, PICTURE, OMNI, SONG, VEO = (
    "gemini-3.8-flash",
    "gemini-3.1-flash-image",
    "gemini-omni-1.2-flash",
    "lyria-3.5",
    "veo-3.1-generate-001",
)
PNG = base64.b64encode(b"a picture").decode()
WORDS = {"text": "Hello"}
DRAWING = {"inlineData": {"mimeType": "image/png", "data": PNG}}


class Photo:
    mime_type, role = "image/png", "first_frame"

    def open(self) -> BinaryIO:
        return io.BytesIO(b"a photo")


@pytest.fixture
def server(settings: Any) -> Iterator[RawServer]:
    with raw_server() as server:
        configure(settings, server.url)
        yield server


def read(server: RawServer, model: str, document: dict[str, Any]) -> Outcome:
    server.reply = answer(json.dumps(document).encode())
    sent = job(model, "a fox")
    return sent.adapter.start(sent.request)


def refused(server: RawServer, model: str, document: dict[str, Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        read(server, model, document)
    return caught.value


def spoken(*parts: dict[str, Any], reason: str = "STOP", **usage: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "r1"}


def sung(*content: dict[str, Any], status: str = "completed", **facts: Any) -> dict[str, Any]:
    return {"id": "v1_a", "status": status, "steps": [{"type": "model_output", "content": list(content)}], **facts}


def units_of(outcome: Outcome) -> dict[str, int]:
    assert isinstance(outcome, Finished)
    return dict(outcome.units or {})


def test_what_is_cached_or_audio_is_not_counted_as_plain_input(server: RawServer) -> None:
    usage = {
        "promptTokenCount": 1000,
        "cachedContentTokenCount": 400,
        "toolUsePromptTokenCount": 50,
        "candidatesTokenCount": 70,
        "thoughtsTokenCount": 30,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 700}, {"modality": "AUDIO", "tokenCount": 300}],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 300}, {"modality": "AUDIO", "tokenCount": 100}],
    }

    units = units_of(read(server, TEXT, spoken(WORDS, **usage)))

    assert units == {"input_token": 450, "cached_token": 400, "audio_token": 200, "output_token": 100}


def test_a_picture_without_a_breakdown_is_counted_as_a_picture(server: RawServer) -> None:
    usage = {"promptTokenCount": 8, "candidatesTokenCount": 1120, "thoughtsTokenCount": 5}

    units = units_of(read(server, PICTURE, spoken(DRAWING, **usage)))

    assert units == {"input_token": 8, "image_token": 1120, "output_token": 5}


def test_usage_of_modalities_yet_unknown_is_still_counted(server: RawServer) -> None:
    details = [{"modality": "SMELL", "tokenCount": 20}]
    usage = {"promptTokenCount": 8, "candidatesTokenCount": 20, "candidatesTokensDetails": details}

    assert units_of(read(server, TEXT, spoken(WORDS, **usage))) == {"input_token": 8, "output_token": 20}


def test_thoughts_are_not_shown(server: RawServer) -> None:
    outcome = read(server, TEXT, spoken({"text": "Hm.", "thought": True}, WORDS, {"text": ", you"}))

    assert isinstance(outcome, Finished)
    assert outcome.outputs == (Output(text="Hello, you"),)
    assert outcome.provider_request_id == "r1"


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "OTHER"])
def test_text_that_was_withheld_is_charged_when_the_provider_says_so(server: RawServer, reason: str) -> None:
    outcome = read(server, TEXT, spoken(reason=reason, promptTokenCount=8, candidatesTokenCount=4))

    assert outcome == Blocked("output", reason, {"input_token": 8, "output_token": 4}, True, "r1")


def test_text_that_was_withheld_without_usage_is_not_charged(server: RawServer) -> None:
    outcome = read(server, TEXT, {"candidates": [{"finishReason": "SAFETY"}]})

    assert outcome == Blocked("output", "SAFETY", None, False)


def test_an_allowance_that_went_into_thoughts_is_finished_and_counted(server: RawServer) -> None:
    outcome = read(server, TEXT, spoken(reason="MAX_TOKENS", promptTokenCount=8, thoughtsTokenCount=40))

    assert outcome == Finished((Output(text=""),), {"input_token": 8, "output_token": 40}, "r1")


@pytest.mark.parametrize("reason", ["STOP", "MALFORMED_FUNCTION_CALL", "NO_IMAGE", "A_REASON_OF_TOMORROW"])
def test_an_empty_answer_without_a_refusal_is_no_answer(server: RawServer, reason: str) -> None:
    error = refused(server, PICTURE, spoken(reason=reason, promptTokenCount=8))

    assert (error.code, error.billed) == ("provider_bad_answer", Billed.UNKNOWN)


def test_a_picture_that_ends_for_want_of_tokens_is_no_answer(server: RawServer) -> None:
    assert refused(server, PICTURE, spoken(reason="MAX_TOKENS")).code == "provider_bad_answer"


def test_an_interaction_that_ended_without_its_file_is_no_answer(server: RawServer) -> None:
    error = refused(server, SONG, sung({"type": "text", "text": "la la"}))

    assert (error.code, error.billed) == ("provider_bad_answer", Billed.UNKNOWN)


def test_a_song_brings_its_words(server: RawServer) -> None:
    audio = {"type": "audio", "mime_type": "audio/mpeg", "data": PNG}

    outcome = read(server, SONG, sung({"type": "text", "text": "la la"}, audio))

    outputs = (Output(text="la la"), Output(data=b"a picture", mime_type="audio/mpeg"))
    assert outcome == Finished(outputs, {"song": 1}, "v1_a")


def test_a_video_that_is_ready_at_once_is_finished(server: RawServer) -> None:
    usage = {
        "total_input_tokens": 12,
        "total_output_tokens": 5800,
        "total_thought_tokens": 3,
        "output_tokens_by_modality": [{"modality": "video", "tokens": 5792}, {"modality": "text", "tokens": 8}],
    }
    film = {"type": "video", "mime_type": "video/mp4", "uri": "files/abc"}

    outcome = read(server, OMNI, sung(film, usage=usage))

    assert units_of(outcome) == {"input_token": 12, "output_token": 11, "video_token": 5792}


@pytest.mark.parametrize("status", ["failed", "budget_exceeded", "requires_action", "a_status_of_tomorrow"])
def test_an_interaction_that_ended_badly_is_not_billed(server: RawServer, status: str) -> None:
    error = refused(server, OMNI, {"id": "v1_a", "status": status, "errors": [{"code": "internal", "message": "no"}]})

    assert (error.code, error.retryable, error.billed) == ("provider_operation_failed", False, Billed.NO)


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ({"code": "prohibited_content", "message": "The prompt was blocked."}, "prompt"),
        ({"code": "safety", "message": "The video was withheld."}, "output"),
        ({"message": "This violates Google's Responsible AI practices."}, "output"),
    ],
)
def test_an_interaction_refused_for_safety_is_blocked(server: RawServer, said: dict[str, str], stage: str) -> None:
    outcome = read(server, OMNI, {"id": "v1_a", "status": "failed", "errors": [said]})

    assert isinstance(outcome, Blocked)
    assert (outcome.stage, outcome.charged) == (stage, False)


def test_a_running_interaction_must_have_a_name(server: RawServer) -> None:
    assert refused(server, OMNI, {"status": "in_progress"}).billed is Billed.UNKNOWN


def test_a_film_that_was_filtered_is_not_charged_and_one_that_is_missing_is_no_answer(server: RawServer) -> None:
    sent = job(VEO, "a fox")
    server.reply = answer(b'{"name": "o", "done": true, "response": {"raiMediaFilteredCount": 1}}')
    filtered = sent.adapter.poll(sent.request, "publishers/google/models/m/operations/o")
    server.reply = answer(b'{"name": "o", "done": true, "response": {}}')

    with pytest.raises(ProviderError) as caught:
        sent.adapter.poll(sent.request, "publishers/google/models/m/operations/o")

    assert isinstance(filtered, Blocked)
    assert (filtered.stage, filtered.charged) == ("output", False)
    assert caught.value.code == "provider_bad_answer"


@pytest.mark.parametrize(("model", "kind"), [(TEXT, "text"), (OMNI, "video"), (VEO, "video")])
def test_files_go_with_the_prompt(server: RawServer, model: str, kind: str) -> None:
    sent = job(model, "a fox", inputs=(Photo(),))
    server.reply = answer(b'{"id": "v1_a", "status": "in_progress", "name": "o", "candidates": []}')

    if kind == "text":
        with pytest.raises(ProviderError):
            sent.adapter.start(sent.request)
    else:
        assert isinstance(sent.adapter.start(sent.request), Pending)

    assert base64.b64encode(b"a photo").decode() in server.bodies[0].replace("-", "+").replace("_", "/")


def test_an_output_is_exactly_one_thing() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Output()
    with pytest.raises(ValueError, match="exactly one"):
        Output(text="words", data=b"bytes")


def test_a_request_needs_no_more_than_its_name_and_prompt() -> None:
    request = ProviderRequest(uuid4(), TEXT, "text", "a fox")

    assert (dict(request.parameters), request.inputs) == ({}, ())
