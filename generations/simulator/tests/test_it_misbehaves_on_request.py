from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest

from generations.simulator.tests.conftest import AT_ONCE, FAMILIES, LASTING, Running, starting

REASONS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
OF_INTERACTIONS = {"interaction", "picture", "song", "film"}
TEXT = {"text", "stream", "interaction"}
MEDIA_AT_ONCE = ("image", "picture", "song")


def _unbilled(simulator: Running) -> dict[str, Any]:
    call = simulator.only_call()
    assert (call["billable"], call["units"]) == (False, {})
    return call


def _billed(simulator: Running, family: str) -> dict[str, Any]:
    """The call, which is billed: a lasting one when it is done, although its answer was lost."""
    if family in LASTING:
        time.sleep(0.5)
    call = simulator.only_call()
    assert call["billable"]
    assert call["units"]
    return call


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503, 504])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_refuses_in_the_shape_of_the_route(simulator: Running, family: str, status: int) -> None:
    answer = simulator.start(family, f"[[fault:{status}]] a fox")
    error = answer.json()["error"]
    name = REASONS[status]
    assert answer.status_code == status
    assert error["message"]
    if family in OF_INTERACTIONS:
        assert error["code"] == name.lower()
    else:
        assert (error["code"], error["status"]) == (status, name)
    assert (_unbilled(simulator)["status"], simulator.only_call()["fault"]) == (status, str(status))


def test_it_says_when_to_come_back(simulator: Running) -> None:
    classic = simulator.start("text", "[[fault:429 retry=2.5]]").json()["error"]["details"]
    other = simulator.start("song", "[[fault:429 retry=2.5]]")
    assert classic == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}]
    assert other.headers["retry-after"] == "3"


@pytest.mark.parametrize("family", FAMILIES)
def test_it_resets_before_the_work(simulator: Running, family: str) -> None:
    with pytest.raises(httpx2.ReadError, match="reset"):
        simulator.start(family, "[[fault:reset_before]] a fox")
    assert _unbilled(simulator)["status"] == "reset"


@pytest.mark.parametrize("family", FAMILIES)
def test_it_resets_after_the_work(simulator: Running, family: str) -> None:
    with pytest.raises(httpx2.ReadError, match="reset"):
        simulator.start(family, "[[fault:reset_after]] a fox")
    assert _billed(simulator, family)["status"] == "reset"


@pytest.mark.parametrize("family", FAMILIES)
def test_it_truncates(simulator: Running, family: str) -> None:
    with pytest.raises(
        httpx2.RemoteProtocolError, match="without sending complete message body|incomplete chunked read"
    ):
        simulator.start(family, "[[fault:truncated]] a fox")
    assert _billed(simulator, family)["status"] == "truncated"


@pytest.mark.parametrize("family", FAMILIES)
def test_it_answers_with_what_is_not_json(simulator: Running, family: str) -> None:
    answer = simulator.start(family, "[[fault:bad_json]] a fox")
    lines = answer.text.split("\r\n\r\n")[1:2] if family == "stream" else [answer.text]
    with pytest.raises(json.JSONDecodeError):
        json.loads(lines[0].removeprefix("data: "))
    assert _billed(simulator, family)["status"] == answer.status_code == 200


@pytest.mark.parametrize("family", FAMILIES)
def test_it_hangs(simulator: Running, family: str) -> None:
    path, body = starting(family, "[[fault:hang]] a fox")
    with pytest.raises(httpx2.ReadTimeout), httpx2.Client(timeout=0.2) as http:
        http.post(simulator.url + path, json=body, headers={"x-goog-api-key": "k"})
    assert _unbilled(simulator)["status"] == "hang"


def test_it_hangs_for_so_long_and_closes(simulator: Running) -> None:
    with pytest.raises(httpx2.RemoteProtocolError, match="disconnected"):
        simulator.start("text", "[[fault:hang seconds=0.1]] a fox")
    assert _unbilled(simulator)["status"] == "hang"


@pytest.mark.parametrize("family", FAMILIES)
def test_it_hangs_after_the_work(simulator: Running, family: str) -> None:
    with pytest.raises(httpx2.RemoteProtocolError, match="disconnected"):
        simulator.start(family, "[[fault:hang seconds=0.1 after=1]] a fox")
    assert _billed(simulator, family)["status"] == "hang"


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_slow(simulator: Running, family: str) -> None:
    began = time.monotonic()
    assert simulator.start(family, "[[fault:slow seconds=0.4]] a fox").status_code == 200
    assert time.monotonic() - began >= 0.4
    assert _billed(simulator, family)["status"] == 200


def test_it_blocks_a_prompt_of_generate_content(simulator: Running) -> None:
    answer = simulator.start("text", "[[fault:blocked_prompt]] a fox").json()
    assert "candidates" not in answer
    assert answer["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"
    assert answer["usageMetadata"]["totalTokenCount"] == answer["usageMetadata"]["promptTokenCount"]
    _unbilled(simulator)


@pytest.mark.parametrize("family", ["interaction", "picture", "song", "film"])
def test_it_blocks_the_prompt_of_an_interaction(simulator: Running, family: str) -> None:
    answer = simulator.start(family, "[[fault:blocked_prompt]] a fox")
    done = simulator.finish(family, answer) if family == "film" else answer.json()
    assert (done["status"], done["errors"][0]["code"]) == ("failed", "prohibited_content")
    assert [step["type"] for step in done["steps"]] == ["user_input"]
    _unbilled(simulator)


@pytest.mark.parametrize("family", ["imagen", "clip"])
def test_it_blocks_the_prompt_of_a_prediction(simulator: Running, family: str) -> None:
    answer = simulator.start(family, "[[fault:blocked_prompt]] a fox")
    assert answer.status_code == 400
    assert "Responsible AI" in answer.json()["error"]["message"]
    _unbilled(simulator)


def test_it_blocks_the_prompt_of_veo_in_its_operation(simulator: Running) -> None:
    done = simulator.finish("veo", simulator.start("veo", "[[fault:blocked_prompt]] a fox"))
    assert done["error"]["code"] == 3
    assert "Responsible AI" in done["error"]["message"]
    _unbilled(simulator)


def test_it_blocks_a_text_and_bills_it(simulator: Running) -> None:
    answer = simulator.start("text", "[[fault:blocked_output]] a fox").json()
    [candidate] = answer["candidates"]
    assert candidate["finishReason"] == "SAFETY"
    assert "content" not in candidate
    assert _billed(simulator, "text")["units"]["input_token"] == answer["usageMetadata"]["promptTokenCount"]


def test_it_blocks_a_stream_in_the_middle_and_bills_it(simulator: Running) -> None:
    answer = simulator.start("stream", "[[fault:blocked_output]] a fox")
    chunks = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\r\n\r\n") if line]
    assert [chunk["candidates"][0].get("finishReason") for chunk in chunks] == [None, None, "SAFETY"]
    _billed(simulator, "stream")


def test_it_blocks_the_text_of_an_interaction_and_bills_it(simulator: Running) -> None:
    done = simulator.start("interaction", "[[fault:blocked_output]] a fox").json()
    assert (done["status"], done["errors"][0]["code"]) == ("failed", "safety")
    assert done["steps"][-1] == {"type": "model_output", "error": {"code": 3, "message": done["errors"][0]["message"]}}
    assert _billed(simulator, "interaction")["units"]["input_token"] == done["usage"]["total_input_tokens"]


@pytest.mark.parametrize("fault", ["blocked_output", "filtered"])
@pytest.mark.parametrize("family", [*MEDIA_AT_ONCE, "film"])
def test_it_blocks_media_without_billing(simulator: Running, family: str, fault: str) -> None:
    answer = simulator.start(family, f"[[fault:{fault}]] a fox")
    done = simulator.finish(family, answer) if family == "film" else answer.json()
    if family == "image":
        assert done["candidates"][0]["finishReason"] == "IMAGE_SAFETY"
    else:
        assert (done["status"], done["usage"]["total_output_tokens"]) == ("failed", 0)
    _unbilled(simulator)


@pytest.mark.parametrize("fault", ["blocked_output", "filtered"])
def test_it_filters_predictions_without_billing(simulator: Running, fault: str) -> None:
    pictures = simulator.start("imagen", f"[[fault:{fault}]] a fox").json()["predictions"]
    clip = simulator.start("clip", f"[[fault:{fault}]] a fox")
    film = simulator.finish("veo", simulator.start("veo", f"[[fault:{fault}]] a fox"))["response"]
    assert [list(made) for made in pictures] == [["raiFilteredReason"]]
    assert (clip.status_code, "recitation" in clip.text) == (400, True)
    assert (film["raiMediaFilteredCount"], len(film["raiMediaFilteredReasons"]), "videos" in film) == (1, 1, False)
    assert not any(call["billable"] for call in simulator.calls())


@pytest.mark.parametrize("family", ["text", "stream", "image", "interaction", "picture", "song", "film"])
def test_it_leaves_the_usage_out(simulator: Running, family: str) -> None:
    answer = simulator.start(family, "[[fault:no_usage]] a fox")
    text = json.dumps(simulator.finish(family, answer)) if family == "film" else answer.text
    assert "usageMetadata" not in text
    assert '"usage"' not in text
    _billed(simulator, family)


@pytest.mark.parametrize("family", FAMILIES)
def test_it_fails_late(simulator: Running, family: str) -> None:
    answer = simulator.start(family, "[[fault:fails_late]] a fox")
    if family == "veo":
        assert simulator.finish(family, answer)["error"]["code"] == 13
    elif family in OF_INTERACTIONS:
        done = simulator.finish(family, answer) if family == "film" else answer.json()
        assert (done["status"], done["errors"][0]["code"]) == ("failed", "internal")
    elif family == "stream":
        assert '"candidates"' in answer.text
        assert json.loads(answer.text.rpartition("data: ")[2])["error"]["code"] == 500
    else:
        assert answer.status_code == 500
    _unbilled(simulator)


@pytest.mark.parametrize("family", LASTING)
def test_it_never_ends_a_long_operation(simulator: Running, family: str) -> None:
    answer = simulator.start(family, "[[fault:never_ends]] a fox")
    time.sleep(0.6)
    found = simulator.poll(family, answer)
    assert found.get("status", "in_progress") == "in_progress"
    assert not found.get("done")
    _unbilled(simulator)


@pytest.mark.parametrize("family", AT_ONCE)
def test_it_hangs_where_there_is_no_operation_to_never_end(simulator: Running, family: str) -> None:
    with pytest.raises(httpx2.RemoteProtocolError, match="disconnected"):
        simulator.start(family, "[[fault:never_ends seconds=0.1]] a fox")
    assert _unbilled(simulator)["status"] == "hang"


def test_it_keeps_a_file_from_being_active(simulator: Running) -> None:
    done = simulator.finish("film", simulator.start("film", "[[fault:file_not_active polls=2]] a fox"))
    path = "/v1/files/" + done["steps"][-1]["content"][-1]["uri"].partition("/files/")[2]
    early = simulator.get(path)
    states = [simulator.get(path.partition(":")[0]).json()["state"] for _ in range(3)]
    assert (early.status_code, early.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert states == ["PROCESSING", "PROCESSING", "ACTIVE"]
    assert simulator.get(path).status_code == 200
    _billed(simulator, "text")


def test_a_fault_is_limited_to_its_times_per_prompt(simulator: Running) -> None:
    first = [simulator.ask("[[fault:503 times=2]] one").status_code for _ in range(3)]
    other = simulator.ask("[[fault:503 times=2]] two").status_code
    assert (first, other) == ([503, 503, 200], 503)


def test_several_faults_are_used_in_turn(simulator: Running) -> None:
    prompt = "[[fault:429 times=1]] [[fault:500 times=1]] one"
    assert [simulator.ask(prompt).status_code for _ in range(3)] == [429, 500, 200]


def test_a_fault_may_come_in_a_header(simulator: Running) -> None:
    path, body = starting("text", "a fox")
    statuses = [simulator.post(path, body, **{"x-simulator-fault": "503 times=1"}).status_code for _ in range(2)]
    assert statuses == [503, 200]


@pytest.mark.parametrize("text", ["five hundred", "oops", "", "500 times", "500 times=x", "500 time=1"])
def test_a_misspelt_fault_is_not_taken_for_none(simulator: Running, text: str) -> None:
    answer = simulator.ask(f"[[fault:{text}]] a fox")
    assert answer.status_code == 400
    assert "Simulator" in answer.json()["error"]["message"]
    _unbilled(simulator)


def test_the_marker_is_not_repeated_in_the_text(simulator: Running) -> None:
    text = simulator.ask("[[fault:slow seconds=0]] a fox").json()["candidates"][0]["content"]["parts"][0]["text"]
    assert "“a fox”" in text
    assert "[[" not in text
