"""A text that comes in pieces is the same text at the same price, and what breaks it off is told as what it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from generations.catalogue.loading import load
from generations.providers.base import Billed, Blocked, Finished, Outcome, ProviderError
from generations.providers.tests.conftest import ROOT, Job, Simulator, configure, job, told
from generations.providers.tests.rawserver import answer, raw_server
from usage.enums import Unit

pytestmark = pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")

CATALOGUE = load(ROOT / "generations" / "catalogue.toml")
TEXT = "gemini-3.8-flash"
TEXTS = [name for name, spec in CATALOGUE.items() if spec.kind == "text"]
OTHERS = ["gemini-3.1-flash-image", "gemini-omni-1.2-flash", "lyria-3.5", "imagen-4.0-generate-001", "lyria-002"]
BREAKS = ("stream_cut", "stream_short", "stream_error", "stream_hang seconds=5")


@dataclass
class Heard:
    """What was handed over, and when."""

    texts: list[str] = field(default_factory=list)
    units: list[Mapping[str, int] | None] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def take(self, text: str, units: Mapping[str, int] | None) -> None:
        self.texts.append(text)
        self.units.append(units)
        self.moments.append(time.monotonic())


def streamed(sent: Job) -> tuple[Outcome, Heard]:
    heard = Heard()
    return sent.adapter.start(sent.request, heard.take), heard


def broken(sent: Job) -> tuple[ProviderError, Heard]:
    heard = Heard()
    with pytest.raises(ProviderError) as caught:
        sent.adapter.start(sent.request, heard.take)
    return caught.value, heard


def again(sent: Job) -> Job:
    """The same request without a stream."""
    return job(sent.request.model, sent.request.prompt, dict(sent.request.parameters))


@pytest.mark.parametrize("model", TEXTS)
def test_the_pieces_make_the_text_that_one_answer_would_have(simulator: Simulator, model: str) -> None:
    sent = job(model, told())

    outcome, heard = streamed(sent)

    whole = again(sent).run()
    assert isinstance(outcome, Finished)
    assert isinstance(whole, Finished)
    assert (outcome.outputs, outcome.units) == (whole.outputs, whole.units)
    assert len(heard.texts) > 1
    assert all(heard.texts)
    assert "".join(heard.texts) == outcome.outputs[0].text
    assert heard.units[-1] == outcome.units == simulator.call_of(sent.request.attempt_id)["units"]
    assert outcome.provider_request_id


def test_the_pieces_come_as_they_are_written(simulator: Simulator) -> None:
    _, heard = streamed(job(TEXT, told(fault="slow seconds=1 pieces=5")))

    assert heard.moments[-1] - heard.moments[0] > 0.5


def test_the_count_grows_with_the_text(simulator: Simulator) -> None:
    _, heard = streamed(job(TEXT, told()))

    counts = [(units or {})[Unit.OUTPUT_TOKEN] for units in heard.units]
    assert counts == sorted(set(counts))


@pytest.mark.parametrize("model", OTHERS)
def test_what_is_no_text_is_not_streamed(simulator: Simulator, model: str) -> None:
    sent = job(model, told(fault="slow seconds=0"))

    _, heard = streamed(sent)

    assert heard.texts == []
    assert "stream" not in simulator.call_of(sent.request.attempt_id)["path"]


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("400", "provider_invalid_request", False),
        ("403", "provider_denied", False),
        ("429 retry=7", "provider_rate_limited", True),
        ("500", "provider_error", True),
        ("503", "provider_unavailable", True),
    ],
)
def test_a_refused_stream_is_unbilled_and_asked_for_once(
    simulator: Simulator, fault: str, code: str, retryable: bool
) -> None:
    sent = job(TEXT, told(fault=fault))

    error, heard = broken(sent)

    assert (error.code, error.retryable, error.billed) == (code, retryable, Billed.NO)
    assert error.retry_after == (7.0 if fault.startswith("429") else None)
    assert heard.texts == []
    assert not simulator.call_of(sent.request.attempt_id)["billable"]


@pytest.mark.parametrize(
    "fault", ["reset_before", "reset_after", "hang seconds=5", "stream_cut after=0", "stream_short after=0"]
)
def test_a_stream_that_never_began_may_have_been_billed(simulator: Simulator, settings: Any, fault: str) -> None:
    settings.PROVIDER_TIMEOUT_SECONDS = 0.5
    sent = job(TEXT, told(fault=fault))

    error, heard = broken(sent)

    assert (error.retryable, error.billed, heard.texts) == (True, Billed.UNKNOWN, [])
    simulator.call_of(sent.request.attempt_id)


@pytest.mark.parametrize("fault", [*(f"{name} after=3" for name in BREAKS), "truncated"])
def test_what_came_before_a_break_was_handed_over_with_its_count(
    simulator: Simulator, settings: Any, fault: str
) -> None:
    settings.PROVIDER_TIMEOUT_SECONDS = 0.5
    sent = job(TEXT, told(fault=f"{fault} pieces=6"))

    error, heard = broken(sent)

    call = simulator.call_of(sent.request.attempt_id)
    assert error.retryable
    assert len(heard.texts) == 3
    assert fault == "truncated" or heard.units[-1] == call["units"]


def test_a_stream_of_nonsense_is_a_bad_answer(simulator: Simulator) -> None:
    error, heard = broken(job(TEXT, told(fault="bad_json")))

    assert (error.code, error.billed) == ("provider_bad_answer", Billed.UNKNOWN)
    assert len(heard.texts) == 1


def test_a_provider_that_counts_nothing_says_so(simulator: Simulator) -> None:
    outcome, heard = streamed(job(TEXT, told(fault="no_usage")))

    assert isinstance(outcome, Finished)
    assert outcome.units is None
    assert set(heard.units) == {None}


def test_a_blocked_prompt_costs_nothing(simulator: Simulator) -> None:
    outcome, heard = streamed(job(TEXT, told(fault="blocked_prompt")))

    assert isinstance(outcome, Blocked)
    assert (outcome.stage, outcome.charged, heard.texts) == ("prompt", False, [])


def test_a_text_that_is_withheld_in_the_middle_is_charged_as_counted(simulator: Simulator) -> None:
    sent = job(TEXT, told(fault="blocked_output"))

    outcome, heard = streamed(sent)

    assert isinstance(outcome, Blocked)
    assert (outcome.stage, outcome.reason, outcome.charged) == ("output", "SAFETY", True)
    assert heard.texts
    assert outcome.units == simulator.call_of(sent.request.attempt_id)["units"]


@pytest.mark.parametrize("cap", [1, 5, 40])
def test_a_stream_that_is_cut_off_by_its_cap_is_finished(simulator: Simulator, cap: int) -> None:
    sent = job(TEXT, told(), {"max_output_tokens": cap})

    outcome, heard = streamed(sent)

    assert isinstance(outcome, Finished)
    assert [output.text for output in outcome.outputs] == ["".join(heard.texts)]
    assert outcome.units == simulator.call_of(sent.request.attempt_id)["units"]


def test_what_the_listener_raises_comes_through_and_hangs_up(simulator: Simulator) -> None:
    sent = job(TEXT, told(fault="slow seconds=2 pieces=8"))
    began = time.monotonic()

    def stop(text: str, units: Mapping[str, int] | None) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match=r"\w"):
        sent.adapter.start(sent.request, stop)

    assert time.monotonic() - began < 1
    deadline = time.monotonic() + 5
    while simulator.call_of(sent.request.attempt_id)["status"] != "gone":
        assert time.monotonic() < deadline, "the provider still writes for nobody"
        time.sleep(0.05)


TEXT_PIECE = (
    b'{"candidates": [{"content": {"parts": [{"text": "The sea"}]}}], "usageMetadata": {"promptTokenCount": 3}}'
)
THOUGHT = b'{"candidates": [{"content": {"parts": [{"text": "Hm.", "thought": true}]}}]}'
STOP = b'{"candidates": [{"finishReason": "STOP"}]}'
BLOCK = b'{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}'
REFUSAL = b'{"error": {"code": 400, "message": "The content was blocked by the safety filter.", "status": "X"}}'


def of_chunks(settings: Any, *chunks: bytes) -> tuple[Outcome | ProviderError, Heard]:
    """What an answer of these chunks comes to."""
    with raw_server() as server:
        configure(settings, server.url)
        server.reply = answer(b"".join(b"data: " + chunk + b"\r\n\r\n" for chunk in chunks))
        sent, heard = job(TEXT, "a fox"), Heard()
        try:
            return sent.adapter.start(sent.request, heard.take), heard
        except ProviderError as error:
            return error, heard


def test_thoughts_are_not_handed_over(settings: Any) -> None:
    outcome, heard = of_chunks(settings, THOUGHT, TEXT_PIECE, STOP)

    assert heard.texts == ["The sea"]
    assert isinstance(outcome, Finished)
    assert [output.text for output in outcome.outputs] == ["The sea"]
    assert outcome.units == {Unit.INPUT_TOKEN: 3}, "the last count stands, also when the last piece has none"


@pytest.mark.parametrize("last", [BLOCK, REFUSAL])
def test_a_prompt_that_is_blocked_after_the_first_words_is_an_output_withheld(settings: Any, last: bytes) -> None:
    outcome, heard = of_chunks(settings, TEXT_PIECE, last)

    assert isinstance(outcome, Blocked)
    assert (outcome.stage, outcome.charged, outcome.units) == ("output", True, {Unit.INPUT_TOKEN: 3})
    assert heard.texts == ["The sea"]


@pytest.mark.parametrize("chunks", [(), (b"{}",), (THOUGHT,), (STOP,), (b"[1]",), (b'{"candidates": 5}',)])
def test_a_stream_without_text_or_reason_is_a_bad_answer(settings: Any, chunks: tuple[bytes, ...]) -> None:
    outcome, heard = of_chunks(settings, *chunks)

    assert isinstance(outcome, ProviderError)
    assert (outcome.code, outcome.billed, heard.texts) == ("provider_bad_answer", Billed.UNKNOWN, [])
