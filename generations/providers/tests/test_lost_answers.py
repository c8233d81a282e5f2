"""What an adapter says when the answer is lost, unreadable or not the provider's at all."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from generations.providers import clients
from generations.providers.base import Billed, Output, ProviderError
from generations.providers.tests.conftest import KEY, Job, Pieces, configure, job
from generations.providers.tests.rawserver import RawServer, answer, raw_server

pytestmark = pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")

TEXT, OMNI, SONG, IMAGEN, VEO, LYRIA_2 = (
    "gemini-3.8-flash",
    "gemini-omni-1.2-flash",
    "lyria-3.5",
    "imagen-4.0-generate-001",
    "veo-3.1-generate-001",
    "lyria-002",
)
WAYS = [TEXT, OMNI, SONG, IMAGEN, VEO, LYRIA_2]
LONG = [OMNI, VEO]
NONSENSE = [
    b"",
    b"{}",
    b"[]",
    b"[1, 2]",
    b"null",
    b"7",
    b'"words"',
    b'{"candidates": [oops',
    b'{"candidates": "\xff\xfe"}',
]
WRONG_TYPES = b'{"candidates": 5, "status": 7, "steps": "x", "predictions": 3, "name": 5, "id": [], "usage": 1}'
WRONG_BASE64 = json.dumps(
    {
        "candidates": [{"content": {"parts": [{"inlineData": {"data": "!!!", "mimeType": "image/png"}}]}}],
        "status": "completed",
        "steps": [{"type": "model_output", "content": [{"type": "audio", "mime_type": "audio/mpeg", "data": "!!!"}]}],
        "predictions": [{"bytesBase64Encoded": "!!!a", "mimeType": "image/png"}],
    }
).encode()


@pytest.fixture
def server(settings: Any) -> Iterator[RawServer]:
    with raw_server() as server:
        configure(settings, server.url)
        yield server


def start_error(sent: Job) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        sent.adapter.start(sent.request)
    return caught.value


@pytest.mark.parametrize("body", [*NONSENSE, WRONG_TYPES, WRONG_BASE64])
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_makes_no_sense_may_have_been_billed(server: RawServer, way: str, body: bytes) -> None:
    server.reply = answer(body)

    error = start_error(job(way, "a fox"))

    assert (error.code, error.billed) == ("provider_bad_answer", Billed.UNKNOWN)
    assert len(server.heard) == 1


@pytest.mark.parametrize("body", [*NONSENSE, WRONG_TYPES])
@pytest.mark.parametrize("way", LONG)
def test_a_look_that_makes_no_sense_is_repeated(server: RawServer, way: str, body: bytes) -> None:
    server.reply = answer(body)
    sent = job(way, "a fox")
    name = {OMNI: "v1_a", VEO: f"publishers/google/models/{VEO}/operations/a"}[way]

    with pytest.raises(ProviderError) as caught:
        sent.adapter.poll(sent.request, name)

    error = caught.value
    assert (error.code, error.retryable, error.billed) == ("provider_bad_answer", True, Billed.UNKNOWN)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_listening_means_nothing_was_billed(settings: Any, way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configure(settings, f"http://127.0.0.1:{listener.getsockname()[1]}")

    error = start_error(job(way, "a fox"))

    assert (error.code, error.retryable, error.billed) == ("provider_unreachable", True, Billed.NO)


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_reset_may_have_been_billed(server: RawServer, way: str) -> None:
    server.reply = None

    error = start_error(job(way, "a fox"))

    assert (error.code, error.retryable, error.billed) == ("provider_connection_lost", True, Billed.UNKNOWN)
    assert len(server.heard) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", ["502 Bad Gateway", "504 Gateway Timeout", "500 Oops"])
def test_an_error_page_of_something_in_between_may_have_been_billed(server: RawServer, way: str, status: str) -> None:
    server.reply = answer(b"<html>proxy</html>", status=status)

    error = start_error(job(way, "a fox"))

    assert error.retryable
    assert (error.status, error.billed) == (int(status[:3]), Billed.UNKNOWN)


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_google_does_not_know_is_the_hubs_affair(server: RawServer, way: str) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    error = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": details}
    server.reply = answer(json.dumps({"error": error}).encode(), status="400 Bad Request")

    assert start_error(job(way, "a fox")).code == "provider_denied"


@pytest.mark.parametrize("way", WAYS)
def test_a_user_reads_why_but_nothing_private(server: RawServer, way: str) -> None:
    message = f'Value at "a fox" is bad, see https://example.org/?key={KEY} or {KEY}: try a lower temperature.'
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}
    server.reply = answer(json.dumps({"error": error}).encode(), status="400 Bad Request")

    said = start_error(job(way, "a fox")).message

    assert KEY not in said
    assert "fox" not in said
    assert "example.org" not in said


@pytest.mark.parametrize("way", WAYS)
def test_a_reason_that_repeats_the_prompt_is_dropped(server: RawServer, way: str) -> None:
    prompt = "the quick brown fox jumps over the lazy dog"
    error = {"code": 400, "message": f"Cannot draw {prompt} today", "status": "INVALID_ARGUMENT"}
    server.reply = answer(json.dumps({"error": error}).encode(), status="400 Bad Request")

    assert start_error(job(way, prompt)).message == "The provider refused the request as invalid."


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3.0), ("2.5", 2.5), ("soon", None), ("-1", None), ("nan", None), ("9999999", 86400.0)]
)
@pytest.mark.parametrize("way", [TEXT, SONG])
def test_a_retry_after_header_is_honoured(server: RawServer, way: str, header: str, seconds: float | None) -> None:
    body = b'{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}'
    server.reply = answer(body, status="429 Too Many Requests", headers=f"retry-after: {header}\r\n")

    assert start_error(job(way, "a fox")).retry_after == seconds


def test_a_retry_after_date_in_the_past_means_now(server: RawServer) -> None:
    body = b'{"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}'
    date = "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
    server.reply = answer(body, status="503 Unavailable", headers=date)

    assert start_error(job(TEXT, "a fox")).retry_after == 0.0


@pytest.mark.parametrize("way", WAYS)
def test_every_request_names_its_attempt_and_has_the_key_in_a_header(server: RawServer, way: str) -> None:
    server.reply = answer(b"{}")
    sent = job(way, "a fox")
    start_error(sent)

    assert f"x-hub-attempt: {sent.request.attempt_id}" in server.headers[0]
    assert f"x-goog-api-key: {KEY.lower()}" in server.headers[0]
    assert KEY not in server.heard[0]


@pytest.mark.parametrize("way", WAYS)
def test_without_credentials_nothing_is_sent(server: RawServer, settings: Any, way: str) -> None:
    settings.GEMINI_API_KEY = settings.VERTEX_API_KEY = None

    error = start_error(job(way, "a fox"))

    assert (error.code, error.retryable, error.billed) == ("provider_not_configured", False, Billed.NO)
    assert not server.heard


@pytest.mark.parametrize("way", WAYS)
def test_the_environment_cannot_change_whom_it_speaks_to(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    monkeypatch.setenv("GOOGLE_GENAI_USE_ENTERPRISE", "true" if way in (TEXT, OMNI, SONG) else "false")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v9")
    server.reply = answer(b"{}")

    start_error(job(way, "a fox"))

    version = "/v1/" if way in (TEXT, OMNI, SONG) else "/v1beta1/publishers/"
    assert server.heard[0].startswith(f"POST {version}")
    assert f"x-goog-api-key: {KEY.lower()}" in server.headers[0]


def test_a_request_that_the_sdk_rejects_is_not_billed(server: RawServer) -> None:
    sent = job(TEXT, "a fox")
    unsendable = {"max_output_tokens": "many"}
    request = type(sent.request)(sent.request.attempt_id, TEXT, "text", "a fox", unsendable)

    with pytest.raises(ProviderError) as caught:
        sent.adapter.start(request)

    assert (caught.value.code, caught.value.billed) == ("provider_request_unsupported", Billed.NO)
    assert not server.heard


def test_one_client_serves_all_threads_of_a_process(server: RawServer) -> None:
    barrier = threading.Barrier(8)

    def client(_number: int) -> int:
        barrier.wait()
        return id(clients.gemini_client())

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(client, range(8)))

    assert len(made) == 1
    assert os.getpid() in {place.process for place in clients._clients}


def test_a_file_that_breaks_off_is_asked_for_again(server: RawServer) -> None:
    sent = job(OMNI, "a fox")
    film = Output(uri="https://elsewhere.example/v1beta/files/abc123:download?alt=media", mime_type="video/mp4")
    server.reply = answer(b'{"name": "files/abc123", "state": "ACTIVE"}', length=4300)

    with pytest.raises(ProviderError) as caught:
        sent.adapter.fetch(film, Pieces())

    assert (caught.value.code, caught.value.retryable) == ("provider_connection_lost", True)
    assert server.heard[0].startswith("GET /v1/files/abc123 ")


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/video.mp4",
        "file:///etc/passwd",
        "https://h/files/",
        "https://h/files/../x",
        "gs://b/o",
    ],
)
def test_it_reads_only_the_providers_own_files(server: RawServer, uri: str) -> None:
    sent = job(OMNI, "a fox")

    with pytest.raises(ProviderError) as caught:
        sent.adapter.fetch(Output(uri=uri, mime_type="video/mp4"), Pieces())

    assert caught.value.code == "provider_unsupported_output"
    assert not server.heard


def test_a_key_opens_no_bucket(server: RawServer) -> None:
    sent = job(VEO, "a fox")

    with pytest.raises(ProviderError) as caught:
        sent.adapter.fetch(Output(uri="gs://bucket/film.mp4", mime_type="video/mp4"), Pieces())

    assert (caught.value.code, caught.value.retryable) == ("provider_unsupported_output", False)
    assert not server.heard
