from __future__ import annotations

import json
from typing import Any

import pytest

from generations.simulator.tests.conftest import FAMILIES, Running, contents, starting

INLINE = {"data": "AAAA", "mime": "image/png"}


def test_it_reads_camel_case_and_snake_case_alike(simulator: Running) -> None:
    camel = {
        "contents": [{"parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "generationConfig": {"maxOutputTokens": 50, "thinkingConfig": {"thinkingBudget": 8, "includeThoughts": True}},
    }
    snake = {
        "contents": [{"parts": [{"text": "hi"}, {"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]}],
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "generation_config": {
            "max_output_tokens": 50,
            "thinking_config": {"thinking_budget": 8, "include_thoughts": True},
        },
    }
    path = "/v1beta/models/gemini-3.8-flash:generateContent"
    first, second = (simulator.post(path, body).json() for body in (camel, snake))
    assert first["usageMetadata"] == second["usageMetadata"]
    assert first["candidates"] == second["candidates"]
    assert first["usageMetadata"]["thoughtsTokenCount"] == 8


@pytest.mark.parametrize(
    "parameters", [{"sampleCount": 3, "aspectRatio": "9:16"}, {"sample_count": 3, "aspect_ratio": "9:16"}]
)
def test_it_reads_both_cases_in_predictions(simulator: Running, parameters: dict[str, Any]) -> None:
    path = "/v1beta1/publishers/google/models/imagen-4.0-generate-001:predict"
    answer = simulator.post(path, {"instances": [{"prompt": "a fox"}], "parameters": parameters})
    assert len(answer.json()["predictions"]) == 3


@pytest.mark.parametrize(
    "root", ["/v1", "/v1beta", "/v1beta1/publishers/google", "/v1beta1/projects/p/locations/l/publishers/google"]
)
def test_it_serves_every_form_of_a_path(simulator: Running, root: str) -> None:
    assert simulator.post(f"{root}/models/gemini-3.8-flash:generateContent", contents("hello")).status_code == 200
    assert simulator.get(f"{root}/models/gemini-3.8-flash").json()["name"].endswith("models/gemini-3.8-flash")


@pytest.mark.parametrize("root", ["/v1", "/v1beta", "/v1beta1", "/v1beta1/projects/p/locations/global"])
def test_it_serves_interactions_everywhere(simulator: Running, root: str) -> None:
    created = simulator.post(f"{root}/interactions", {"model": "gemini-3.8-flash", "input": "hello"}).json()
    assert simulator.get(f"{root}/interactions/{created['id']}?stream=false").json() == created


@pytest.mark.parametrize(
    "given",
    [
        "a fox",
        {"type": "text", "text": "a fox"},
        [{"type": "text", "text": "a fox"}],
        [{"type": "user_input", "content": [{"type": "text", "text": "a fox"}]}],
        [{"role": "user", "content": "a fox"}],
    ],
)
def test_it_reads_every_form_of_an_interactions_input(simulator: Running, given: Any) -> None:
    created = simulator.post("/v1/interactions", {"model": "gemini-3.8-flash", "input": given}).json()
    assert created["usage"]["total_input_tokens"] == 2
    assert "“a fox”" in created["steps"][-1]["content"][0]["text"]


def test_an_interaction_that_is_not_stored_is_not_found(simulator: Running) -> None:
    created = simulator.post("/v1/interactions", {"model": "gemini-3.8-flash", "input": "hi", "store": False}).json()
    answer = simulator.get(f"/v1/interactions/{created['id']}")
    assert (created["status"], answer.status_code, answer.json()["error"]["code"]) == ("completed", 404, "not_found")


def test_a_cut_interaction_is_incomplete(simulator: Running) -> None:
    body = {"model": "gemini-3.8-flash", "input": "hi", "generation_config": {"max_output_tokens": 9}}
    assert simulator.post("/v1/interactions", body).json()["status"] == "incomplete"


def test_a_stream_resumes_after_an_event(simulator: Running) -> None:
    created = simulator.post("/v1/interactions", {"model": "gemini-3.8-flash", "input": "a kite"}).json()
    path = f"/v1/interactions/{created['id']}?stream=true"
    whole = _events(simulator.get(path).text)
    rest = _events(simulator.get(f"{path}&last_event_id={whole[2]['event_id']}").text)
    assert rest == whole[3:]
    assert whole[-1]["event_type"] == "interaction.completed"


def test_a_running_interaction_is_streamed_to_its_end(simulator: Running) -> None:
    created = simulator.start("film", "a kite").json()
    events = _events(simulator.get(f"/v1/interactions/{created['id']}?stream=true").text)
    deltas = [event["delta"] for event in events if event["event_type"] == "step.delta"]
    assert deltas[-1]["uri"].endswith(":download?alt=media")
    assert simulator.only_call()["billable"]


def test_a_failing_stream_ends_with_an_error_event(simulator: Running) -> None:
    body = {"model": "gemini-3.8-flash", "input": "[[fault:fails_late]] hi", "stream": True}
    text = simulator.post("/v1/interactions", body).text
    assert _events(text)[-1]["error"]["code"] == "internal"
    assert text.endswith("event: done\ndata: [DONE]\n\n")


def _events(text: str) -> list[dict[str, Any]]:
    data = [block.partition("data: ")[2] for block in text.split("\n\n") if block]
    assert data[-1] == "[DONE]"
    return [json.loads(line) for line in data[:-1]]


@pytest.mark.parametrize("family", FAMILIES)
def test_it_wants_a_key_in_a_header(simulator: Running, family: str) -> None:
    path, body = starting(family, "a fox")
    keyless = simulator.http.post(simulator.url + path, json=body)
    in_query = simulator.http.post(f"{simulator.url}{path}{'&' if '?' in path else '?'}key=k", json=body)
    bearer = simulator.http.post(simulator.url + path, json=body, headers={"authorization": "Bearer token"})
    assert {keyless.status_code, in_query.status_code} == {401 if "publishers" in path else 403}
    assert keyless.json()["error"]["message"]
    assert bearer.status_code == 200
    assert [call["billable"] for call in simulator.calls()][:2] == [False, False]


TEXT = "/v1/models/gemini-3.8-flash:generateContent"
IMAGE = "/v1/models/gemini-3.1-flash-image:generateContent"
TALK = "/v1/interactions"
PUBLISHER = "/v1beta1/publishers/google/models"
OMNI = {"model": "gemini-omni-1.2-flash", "input": "x"}
LYRIA = {"model": "lyria-3.5", "input": "x"}


def _instance(prompt: str = "x", **parameters: Any) -> dict[str, Any]:
    return {"instances": [{"prompt": prompt}], "parameters": parameters}


REFUSED = [
    (TEXT, {}, 400),
    (TEXT, [], 400),
    (TEXT, {"contents": []}, 400),
    (TEXT, {"contents": [{"parts": [{"inlineData": INLINE}]}]}, 400),
    (TEXT, {"contents": "x", "generationConfig": {"maxOutputTokens": 0}}, 400),
    (TEXT, {"contents": "x", "generationConfig": {"maxOutputTokens": "9"}}, 400),
    (TEXT, {"contents": "x", "generationConfig": [1]}, 400),
    (TEXT, {"contents": "x" * 4_300_000}, 400),
    (IMAGE, {"contents": "x", "generationConfig": {"imageConfig": {"imageSize": "3K"}}}, 400),
    (IMAGE, {"contents": "x", "generationConfig": {"imageConfig": {"aspectRatio": "wide"}}}, 400),
    ("/v1/models/gemini-3.8-flash:unheardOf", {}, 404),
    ("/v1/models/gemini-0:generateContent", {"contents": "x"}, 404),
    ("/v1/models/gemini-omni-1.2-flash:generateContent", {"contents": "x"}, 400),
    ("/v1/models/veo-3.1-generate-001:generateContent", {"contents": "x"}, 404),
    (TALK, {"model": "veo-3.1-generate-001", "input": "x"}, 404),
    (TALK, {"model": "gemini-3.8-flash"}, 400),
    (TALK, {"model": "gemini-3.8-flash", "input": "x", "background": True, "store": False}, 400),
    (TALK, LYRIA | {"response_format": {"type": "audio", "mime_type": "audio/mp3"}}, 400),
    (TALK, OMNI | {"response_format": {"duration": "99s"}}, 400),
    (TALK, OMNI | {"response_format": {"resolution": "8k"}}, 400),
    (f"{PUBLISHER}/imagen-4.0-generate-001:predict", {"instances": []}, 400),
    (f"{PUBLISHER}/imagen-4.0-generate-001:predict", _instance(" "), 400),
    (f"{PUBLISHER}/imagen-4.0-generate-001:predict", _instance(sampleCount=9), 400),
    (
        f"{PUBLISHER}/lyria-002:predict",
        {"instances": [{"prompt": "x", "seed": 1}], "parameters": {"sampleCount": 2}},
        400,
    ),
    (f"{PUBLISHER}/veo-3.1-generate-001:predictLongRunning", _instance(durationSeconds=5), 400),
    (f"{PUBLISHER}/veo-3.1-lite-generate-001:predictLongRunning", _instance(resolution="4k"), 400),
]


@pytest.mark.parametrize(("path", "body", "status"), REFUSED)
def test_it_refuses_what_google_refuses(simulator: Running, path: str, body: Any, status: int) -> None:
    answer = simulator.post(path, body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not any(call["billable"] for call in simulator.calls())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files/abc",
        "/v1/files/abc:download?alt=media",
        "/v1/interactions/x",
        "/v1/models/x/operations/y",
        "/v1/models/x",
        "/elsewhere",
        "/_simulator/elsewhere",
    ],
)
def test_it_does_not_find_what_is_not_there(simulator: Running, path: str) -> None:
    answer = simulator.get(path)
    assert answer.status_code == (403 if "files" in path else 404)
    assert answer.json()["error"]["message"]
