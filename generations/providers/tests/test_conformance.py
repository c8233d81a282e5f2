"""Every adapter with every model it serves keeps the same promises, over HTTP, through the real SDK."""

from __future__ import annotations

import io
import pickle
import time
from typing import Any

import av
import pytest
from PIL import Image

from generations import catalogue
from generations.catalogue.loading import ADAPTERS, load
from generations.providers import registry
from generations.providers.base import Billed, Blocked, Finished, Pending, ProviderError
from generations.providers.tests.conftest import KEY, ROOT, Job, Pieces, Simulator, job, told
from usage.enums import Unit

pytestmark = pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")

CATALOGUE = load(ROOT / "generations" / "catalogue.toml")
MODELS = list(CATALOGUE)
# One model for each way of asking and being answered.
TEXT, PICTURE, OMNI, SONG, CLIP = (
    "gemini-3.8-flash",
    "gemini-3.1-flash-image",
    "gemini-omni-1.2-flash",
    "lyria-3.5",
    "lyria-3-clip-preview",
)
IMAGEN, VEO, LYRIA_2 = "imagen-4.0-generate-001", "veo-3.1-lite-generate-001", "lyria-002"
WAYS = [TEXT, PICTURE, OMNI, SONG, CLIP, IMAGEN, VEO, LYRIA_2]
LONG = [OMNI, VEO]
AT_ONCE = [way for way in WAYS if way not in LONG]
BY_TOKEN = [TEXT, PICTURE, OMNI]
SHORT_FILM = {OMNI: {"duration_seconds": 3, "resolution": "360p"}, VEO: {"duration_seconds": 4}}


def asked(model: str, fault: str = "") -> Job:
    return job(model, told(fault=fault), SHORT_FILM.get(model))


def failed(way: Job, *, most_looks: int = 100) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        way.run(most_looks=most_looks)
    return caught.value


def finished(way: Job) -> Finished:
    outcome = way.run()
    assert isinstance(outcome, Finished), outcome
    return outcome


def blocked(way: Job) -> Blocked:
    outcome = way.run()
    assert isinstance(outcome, Blocked), outcome
    return outcome


def files_of(way: Job, outcome: Finished) -> list[tuple[str, bytes]]:
    fetched = []
    for output in outcome.outputs:
        if output.text is None:
            destination = Pieces()
            way.adapter.fetch(output, destination)
            fetched.append((output.mime_type, destination.getvalue()))
    return fetched


def opens(mime_type: str, data: bytes) -> bool:
    if mime_type.startswith("image/"):
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
        return Image.MIME[picture.format or ""] == mime_type
    with av.open(io.BytesIO(data)) as container:
        return next(container.decode(container.streams[0])) is not None


def within_most(way: Job, units: dict[str, int]) -> bool:
    most = catalogue.models()[way.request.model].most(way.request.prompt, way.request.parameters).units
    counted = dict(units)
    going_in = sum(counted.pop(unit, 0) for unit in (Unit.INPUT_TOKEN, Unit.CACHED_TOKEN, Unit.AUDIO_TOKEN))
    return going_in <= most.get(Unit.INPUT_TOKEN, 0) and all(count <= most[unit] for unit, count in counted.items())


def test_the_catalogue_and_the_registry_name_the_same_adapters() -> None:
    assert sorted(ADAPTERS) == sorted(registry.ADAPTERS)


@pytest.mark.parametrize("model", MODELS)
def test_it_makes_what_was_asked_for_and_counts_what_the_provider_bills(simulator: Simulator, model: str) -> None:
    way = job(model, told(), SHORT_FILM.get(model))

    outcome = finished(way)

    call = simulator.call_of(way.request.attempt_id)
    assert call["billable"]
    assert outcome.units == call["units"]
    assert within_most(way, dict(outcome.units or {}))
    files = files_of(way, outcome)
    assert len(files) == (0 if way.request.kind == "text" else 1)
    assert all(opens(mime_type, data) for mime_type, data in files)
    assert all(output.text for output in outcome.outputs if output.text is not None)


@pytest.mark.parametrize("way", WAYS)
def test_it_sends_the_key_in_a_header_only(simulator: Simulator, way: str) -> None:
    sent = asked(way, "400")

    error = failed(sent)

    assert KEY not in simulator.call_of(sent.request.attempt_id)["path"]
    assert KEY not in f"{error} {error!r} {error.args} {error.__cause__} {error.__context__}"


@pytest.mark.parametrize("way", WAYS)
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
def test_it_calls_an_error_answer_unbilled_and_asks_once(
    simulator: Simulator, way: str, fault: str, code: str, retryable: bool
) -> None:
    sent = asked(way, fault)

    error = failed(sent)

    assert (error.code, error.retryable, error.billed) == (code, retryable, Billed.NO)
    assert error.status == int(fault[:3])
    assert error.retry_after == (7.0 if fault.startswith("429") else None)
    assert not simulator.call_of(sent.request.attempt_id)["billable"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("reset_before", "provider_connection_lost"),
        ("reset_after", "provider_connection_lost"),
        ("truncated", "provider_connection_lost"),
        ("bad_json", "provider_bad_answer"),
        ("hang seconds=5", "provider_timeout"),
    ],
)
def test_it_does_not_know_what_a_lost_answer_cost_and_asks_once(
    simulator: Simulator, settings: Any, way: str, fault: str, code: str
) -> None:
    if fault.startswith("hang"):
        settings.PROVIDER_TIMEOUT_SECONDS = 0.5
    sent = asked(way, fault)

    error = failed(sent)

    assert (error.code, error.retryable, error.billed) == (code, True, Billed.UNKNOWN)
    simulator.call_of(sent.request.attempt_id)


@pytest.mark.parametrize("way", WAYS)
def test_its_errors_travel_between_processes(simulator: Simulator, way: str) -> None:
    error = failed(asked(way, "429 retry=2"))

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


@pytest.mark.parametrize("way", WAYS)
def test_it_never_shows_the_prompt_in_an_error(simulator: Simulator, way: str) -> None:
    for fault in ("400", "bad_json", "fails_late"):
        sent = asked(way, fault)
        error = failed(sent)
        assert "fox" not in f"{error} {error.args} {error.__cause__}"


@pytest.mark.parametrize("way", WAYS)
def test_it_reports_a_blocked_prompt_as_an_outcome_that_costs_nothing(simulator: Simulator, way: str) -> None:
    sent = asked(way, "blocked_prompt")

    outcome = blocked(sent)

    assert (outcome.stage, outcome.charged) == ("prompt", False)
    assert outcome.reason
    assert not simulator.call_of(sent.request.attempt_id)["billable"]


@pytest.mark.parametrize("fault", ["blocked_output", "filtered"])
@pytest.mark.parametrize("way", WAYS)
def test_it_reports_a_blocked_output_as_an_outcome_and_charges_text_only(
    simulator: Simulator, way: str, fault: str
) -> None:
    sent = asked(way, fault)

    outcome = blocked(sent)

    call = simulator.call_of(sent.request.attempt_id)
    assert outcome.stage == "output"
    assert outcome.reason
    assert outcome.charged == call["billable"] == (way == TEXT)
    if outcome.charged:
        assert outcome.units == call["units"]


@pytest.mark.parametrize("way", WAYS)
def test_it_says_when_a_provider_gave_no_usage(simulator: Simulator, way: str) -> None:
    sent = asked(way, "no_usage")

    outcome = finished(sent)

    # What is billed by the piece or the second is counted without the provider's help.
    assert outcome.units == (None if way in BY_TOKEN else simulator.call_of(sent.request.attempt_id)["units"])


@pytest.mark.parametrize("way", WAYS)
def test_it_waits_for_a_slow_answer(simulator: Simulator, way: str) -> None:
    finished(asked(way, "slow seconds=0.3"))


@pytest.mark.parametrize("way", AT_ONCE)
def test_a_short_call_that_fails_late_is_not_billed(simulator: Simulator, way: str) -> None:
    error = failed(asked(way, "fails_late"))

    code = "provider_operation_failed" if way in (SONG, CLIP) else "provider_error"
    assert (error.code, error.billed) == (code, Billed.NO)


@pytest.mark.parametrize("way", LONG)
def test_it_reports_an_operation_that_failed_as_unbilled(simulator: Simulator, way: str) -> None:
    sent = asked(way, "fails_late")

    error = failed(sent)

    assert (error.code, error.retryable, error.billed) == ("provider_operation_failed", False, Billed.NO)
    assert sent.operation
    assert not simulator.call_of(sent.request.attempt_id)["billable"]


@pytest.mark.parametrize("way", LONG)
def test_a_long_operation_is_found_again_by_its_name_alone(simulator: Simulator, way: str) -> None:
    sent = asked(way)
    begun = sent.adapter.start(sent.request)
    assert isinstance(begun, Pending)
    assert begun.check_after_seconds == 0.1

    time.sleep(0.5)
    first, second = (sent.adapter.poll(sent.request, begun.operation) for _ in range(2))

    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    assert first.units == second.units == simulator.call_of(sent.request.attempt_id)["units"]


@pytest.mark.parametrize("way", LONG)
def test_an_operation_that_never_ends_stays_pending(simulator: Simulator, way: str) -> None:
    assert isinstance(asked(way, "never_ends").run(most_looks=5), Pending)


@pytest.mark.parametrize("way", LONG)
def test_an_operation_that_nobody_knows_is_lost_and_may_have_been_billed(simulator: Simulator, way: str) -> None:
    sent = asked(way)
    unknown = {OMNI: "v1_unknown", VEO: f"publishers/google/models/{VEO}/operations/unknown"}[way]

    with pytest.raises(ProviderError) as caught:
        sent.adapter.poll(sent.request, unknown)

    assert (caught.value.code, caught.value.billed) == ("provider_operation_lost", Billed.UNKNOWN)
    assert not caught.value.retryable


def test_a_background_video_is_canceled(simulator: Simulator) -> None:
    sent = asked(OMNI, "never_ends")
    sent.run(most_looks=1)

    assert sent.adapter.cancel(sent.request, sent.operation)

    with pytest.raises(ProviderError) as caught:
        sent.adapter.poll(sent.request, sent.operation)
    assert caught.value.code == "provider_operation_canceled"
    assert not simulator.call_of(sent.request.attempt_id)["billable"]


def test_what_has_ended_is_not_canceled(simulator: Simulator) -> None:
    sent = asked(OMNI)
    finished(sent)

    assert not sent.adapter.cancel(sent.request, sent.operation)
    assert not sent.adapter.cancel(sent.request, "v1_unknown")


@pytest.mark.parametrize("way", [TEXT, IMAGEN, VEO])
def test_it_does_not_pretend_to_cancel_what_cannot_be_canceled(simulator: Simulator, way: str) -> None:
    sent, before = asked(way), simulator.record()["totals"]

    assert not sent.adapter.cancel(sent.request, "anything")

    assert simulator.record()["totals"] == before


def test_a_background_video_is_forgotten(simulator: Simulator) -> None:
    sent = asked(OMNI)
    finished(sent)

    deletes = simulator.record()["totals"]["deletes"]
    assert sent.adapter.forget(sent.request, sent.operation)
    assert simulator.record()["totals"]["deletes"] == deletes + 2, "the film, and the interaction"
    assert sent.adapter.forget(sent.request, sent.operation), "what is gone is gone"

    with pytest.raises(ProviderError) as caught:
        sent.adapter.poll(sent.request, sent.operation)
    assert caught.value.code == "provider_operation_lost"


def test_what_an_operator_has_to_mend_is_not_taken_for_a_refusal_to_forget(simulator: Simulator, settings: Any) -> None:
    sent = asked(OMNI)
    finished(sent)
    key, settings.GEMINI_API_KEY = settings.GEMINI_API_KEY, None
    with pytest.raises(ProviderError) as caught:
        sent.adapter.forget(sent.request, sent.operation)
    assert caught.value.code == "provider_not_configured"
    settings.GEMINI_API_KEY = key
    assert sent.adapter.forget(sent.request, sent.operation)


def test_songs_are_not_kept_by_the_provider(simulator: Simulator) -> None:
    sent = asked(CLIP)
    outcome = finished(sent)

    with pytest.raises(ProviderError) as caught:
        sent.adapter.poll(sent.request, outcome.provider_request_id)
    assert caught.value.code == "provider_operation_lost"


def test_a_file_that_is_not_ready_is_asked_for_again(simulator: Simulator) -> None:
    sent = asked(OMNI, "file_not_active polls=2")
    outcome = finished(sent)
    (film,) = outcome.outputs
    destination = Pieces()

    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            sent.adapter.fetch(film, destination)
        assert (caught.value.code, caught.value.retryable) == ("provider_file_not_ready", True)
        assert caught.value.retry_after == 0.1
        assert not destination.sizes
    sent.adapter.fetch(film, destination)

    assert opens(film.mime_type, destination.getvalue())


def test_cached_tokens_are_counted_apart(simulator: Simulator) -> None:
    prompt = told("a very long story about a fox and a hedgehog " * 400)
    finished(job(TEXT, prompt))
    again = job(TEXT, prompt)

    outcome = finished(again)

    assert outcome.units == simulator.call_of(again.request.attempt_id)["units"]
    assert (outcome.units or {})[Unit.CACHED_TOKEN] > 0


def test_several_pictures_are_counted_one_by_one(simulator: Simulator) -> None:
    sent = job(IMAGEN, told(), {"number_of_images": 3, "aspect_ratio": "16:9"})

    outcome = finished(sent)

    assert outcome.units == {"image": 3}
    assert len({data for _, data in files_of(sent, outcome)}) == 3


@pytest.mark.parametrize("cap", [1, 5, 40])
def test_an_answer_that_is_cut_off_is_finished_and_within_its_cap(simulator: Simulator, cap: int) -> None:
    sent = job(TEXT, told(), {"max_output_tokens": cap})

    outcome = finished(sent)

    assert (outcome.units or {}).get(Unit.OUTPUT_TOKEN, 0) <= cap
    assert [output.text is not None for output in outcome.outputs] == [True]
    assert outcome.units == simulator.call_of(sent.request.attempt_id)["units"]


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (TEXT, {"temperature": 0.5, "top_p": 0.9, "seed": 7, "system_instruction": "Answer in verse."}),
        (PICTURE, {"aspect_ratio": "16:9", "image_size": "4K", "seed": 7}),
        (OMNI, {"duration_seconds": 5, "resolution": "1080p", "aspect_ratio": "9:16"}),
        (IMAGEN, {"image_size": "2K", "aspect_ratio": "3:4"}),
        (
            VEO,
            {
                "duration_seconds": 6,
                "resolution": "1080p",
                "generate_audio": False,
                "negative_prompt": "rain",
                "seed": 3,
            },
        ),
        (LYRIA_2, {"negative_prompt": "drums"}),
        (LYRIA_2, {"seed": 11}),
    ],
)
def test_it_sends_every_parameter_that_the_catalogue_offers(
    simulator: Simulator, model: str, parameters: dict[str, Any]
) -> None:
    sent = job(model, told(), parameters)

    outcome = finished(sent)

    assert outcome.units == simulator.call_of(sent.request.attempt_id)["units"]
    assert within_most(sent, dict(outcome.units or {}))


@pytest.mark.parametrize("way", [IMAGEN, VEO, LYRIA_2])
def test_enterprise_mode_works_by_project_too(simulator: Simulator, machine_credentials: None, way: str) -> None:
    sent = asked(way)

    outcome = finished(sent)

    call = simulator.call_of(sent.request.attempt_id)
    assert call["path"].startswith("/v1beta1/projects/house/locations/us-central1/publishers/google/models/")
    assert outcome.units == call["units"]
