from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
from google import genai
from google.genai import _interactions, errors, types
from PIL import Image

from generations.simulator.tests.conftest import Running


def test_it_answers_generate_content(gemini: genai.Client) -> None:
    answer = gemini.models.generate_content(model="gemini-3.8-flash", contents="a lighthouse at noon")
    assert "a lighthouse at noon" in (answer.text or "")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.prompt_token_count == 5
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP


def test_it_streams_generate_content(gemini: genai.Client) -> None:
    chunks = list(gemini.models.generate_content_stream(model="gemini-3.8-flash", contents="a slow river"))
    whole = gemini.models.generate_content(model="gemini-3.8-flash", contents="a slow river")
    assert len(chunks) > 2
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].usage_metadata == whole.usage_metadata


def test_it_tells_thoughts_from_text(gemini: genai.Client) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    answer = gemini.models.generate_content(model="gemini-2.5-pro", contents="why?", config=config)
    assert answer.parts is not None
    assert [bool(part.thought) for part in answer.parts] == [True, False]


def test_it_fits_a_schema(gemini: genai.Client) -> None:
    schema = {"type": "OBJECT", "properties": {"firstName": {"type": "STRING"}, "ages": {"type": "ARRAY"}}}
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=schema)
    answer = gemini.models.generate_content(model="gemini-3.8-flash", contents="a person", config=config)
    assert isinstance(answer.parsed, dict)
    assert answer.parsed.keys() == {"firstName", "ages"}


def test_it_draws_with_generate_content(gemini: genai.Client) -> None:
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(aspect_ratio="16:9", image_size="2K")
    )
    answer = gemini.models.generate_content(model="gemini-3.1-flash-image", contents="a hill", config=config)
    assert answer.parts is not None
    blob = answer.parts[-1].inline_data
    assert blob is not None
    assert blob.data is not None
    assert Image.open(io.BytesIO(blob.data)).size[0] > 2048


def test_it_counts_tokens_and_lists_models(gemini: genai.Client, enterprise: genai.Client) -> None:
    assert gemini.models.count_tokens(model="gemini-3.8-flash", contents="12345678").total_tokens == 2
    assert enterprise.models.count_tokens(model="gemini-3.8-flash", contents="12345678").total_tokens == 2
    for client in (gemini, enterprise):
        assert any("lyria-3.5" in (model.name or "") for model in client.models.list(config={"page_size": 7}))
        assert (client.models.get(model="gemini-2.5-pro").name or "").endswith("models/gemini-2.5-pro")


def test_it_runs_a_video_in_the_background(gemini: genai.Client, tmp_path: Path) -> None:
    interaction = gemini.interactions.create(
        model="gemini-omni-1.2-flash",
        input="a fox",
        background=True,
        response_format={
            "type": "video",
            "delivery": "uri",
            "duration": "4s",
            "aspect_ratio": "9:16",
            "resolution": "1080p",
        },
    )
    assert interaction.status == "in_progress"
    interaction = _ended(gemini, interaction.id or "")
    assert interaction.status == "completed"
    assert interaction.output_video is not None
    assert interaction.usage is not None
    name = (interaction.output_video.uri or "").partition("/files/")[2].partition(":")[0]
    assert gemini.files.get(name=f"files/{name}").state is types.FileState.ACTIVE
    target = tmp_path / "video.mp4"
    gemini.files.download(file=interaction.output_video.uri, destination=str(target))
    with av.open(str(target)) as container:
        assert container.duration == pytest.approx(4_000_000, abs=100_000)
        assert container.streams.video[0].width < container.streams.video[0].height


def _ended(client: genai.Client, id: str) -> Any:
    deadline = time.monotonic() + 10
    while (interaction := client.interactions.get(id)).status == "in_progress" and time.monotonic() < deadline:
        time.sleep(0.05)
    return interaction


def test_it_sings(gemini: genai.Client) -> None:
    song = gemini.interactions.create(model="lyria-3.5", input="a waltz about rain")
    assert song.output_audio is not None
    assert song.output_audio.mime_type == "audio/mpeg"
    assert song.output_audio.data
    assert "Chorus" in (song.output_text or "")


def test_it_streams_an_interaction(gemini: genai.Client) -> None:
    events = list(gemini.interactions.create(model="gemini-3.8-flash", input="a kite", stream=True))
    kinds = [event.event_type for event in events]
    assert kinds[0] == "interaction.created"
    assert kinds[-1] == "interaction.completed"
    text = "".join(
        event.delta.text for event in events if event.event_type == "step.delta" and event.delta.type == "text"
    )
    assert "a kite" in text


def test_it_cancels_and_forgets_an_interaction(gemini: genai.Client, simulator: Running) -> None:
    interaction = gemini.interactions.create(model="gemini-omni-1.2-flash", input="a cloud", background=True)
    assert gemini.interactions.cancel(interaction.id).status == "cancelled"
    gemini.interactions.delete(interaction.id)
    time.sleep(0.5)
    assert simulator.get(f"/v1/interactions/{interaction.id}").status_code == 404
    assert not simulator.only_call()["billable"]


def test_it_works_in_enterprise_mode(enterprise: genai.Client) -> None:
    answer = enterprise.models.generate_content(model="gemini-3.8-flash", contents="hello")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.traffic_type is types.TrafficType.ON_DEMAND
    assert enterprise.interactions.create(model="gemini-3.8-flash", input="hello").status == "completed"


@pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")
def test_it_draws_with_imagen(enterprise: genai.Client) -> None:
    config = types.GenerateImagesConfig(number_of_images=2, aspect_ratio="16:9", output_mime_type="image/jpeg")
    answer = enterprise.models.generate_images(model="imagen-4.0-generate-001", prompt="a dog", config=config)
    assert answer.generated_images is not None
    files = [made.image.image_bytes for made in answer.generated_images if made.image]
    assert len(set(files)) == 2
    assert all(data is not None and Image.open(io.BytesIO(data)).format == "JPEG" for data in files)


def test_it_films_with_veo(enterprise: genai.Client) -> None:
    config = types.GenerateVideosConfig(duration_seconds=6, aspect_ratio="9:16", resolution="1080p")
    operation = enterprise.models.generate_videos(
        model="veo-3.1-generate-001", source=types.GenerateVideosSource(prompt="a cat"), config=config
    )
    assert not operation.done
    deadline = time.monotonic() + 10
    while not operation.done and time.monotonic() < deadline:
        time.sleep(0.05)
        operation = enterprise.operations.get(types.GenerateVideosOperation(name=operation.name))
    assert operation.response is not None
    assert operation.response.generated_videos is not None
    film = operation.response.generated_videos[0].video
    assert film is not None
    with av.open(io.BytesIO(film.video_bytes or b"")) as container:
        assert container.duration == pytest.approx(6_000_000, abs=100_000)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("400", errors.ClientError), ("429 retry=2", errors.ClientError), ("503", errors.ServerError)],
)
def test_its_classic_errors_are_the_sdks(gemini: genai.Client, fault: str, expected: type[errors.APIError]) -> None:
    with pytest.raises(expected) as caught:
        gemini.models.generate_content(model="gemini-3.8-flash", contents=f"[[fault:{fault}]] a fox")
    assert caught.value.code == int(fault.split()[0])
    if "retry" in fault:
        assert caught.value.details["error"]["details"][0]["retryDelay"] == "2s"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("400", _interactions.BadRequestError),
        ("403", _interactions.PermissionDeniedError),
        ("429", _interactions.RateLimitError),
        ("500", _interactions.InternalServerError),
        ("reset_after", _interactions.APIConnectionError),
    ],
)
def test_its_errors_of_interactions_are_the_sdks(gemini: genai.Client, fault: str, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        gemini.interactions.create(model="lyria-3.5", input=f"[[fault:{fault}]] a waltz")


def test_the_sdk_sees_an_error_in_the_middle_of_a_stream(gemini: genai.Client) -> None:
    stream = gemini.models.generate_content_stream(model="gemini-3.8-flash", contents="[[fault:fails_late]] a fox")
    assert next(stream).text
    with pytest.raises(errors.ServerError):
        list(stream)


def test_the_sdk_sees_a_torn_stream(gemini: genai.Client) -> None:
    stream = gemini.models.generate_content_stream(model="gemini-3.8-flash", contents="[[fault:truncated]] a fox")
    assert next(stream).text
    with pytest.raises(httpx2.RemoteProtocolError):
        list(stream)


def test_the_sdk_sees_what_is_not_json(gemini: genai.Client) -> None:
    with pytest.raises(json.JSONDecodeError):
        gemini.models.generate_content(model="gemini-3.8-flash", contents="[[fault:bad_json]] a fox")


def test_the_sdk_sees_a_blocked_prompt_and_a_blocked_output(gemini: genai.Client) -> None:
    prompt, output = (
        gemini.models.generate_content(model="gemini-3.8-flash", contents=f"[[fault:{fault}]] a fox")
        for fault in ("blocked_prompt", "blocked_output")
    )
    assert prompt.prompt_feedback is not None
    assert prompt.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    assert output.candidates is not None
    assert output.candidates[0].finish_reason is types.FinishReason.SAFETY


@pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")
def test_the_sdk_sees_filtered_media(enterprise: genai.Client) -> None:
    config = types.GenerateImagesConfig(include_rai_reason=True)
    pictures = enterprise.models.generate_images(
        model="imagen-4.0-generate-001", prompt="[[fault:filtered]] a fox", config=config
    )
    operation = enterprise.models.generate_videos(
        model="veo-3.1-generate-001", source=types.GenerateVideosSource(prompt="[[fault:filtered]] a fox")
    )
    time.sleep(0.5)
    operation = enterprise.operations.get(types.GenerateVideosOperation(name=operation.name))
    assert pictures.generated_images is not None
    assert pictures.generated_images[0].rai_filtered_reason
    assert operation.response is not None
    assert (operation.response.rai_media_filtered_count, operation.response.generated_videos) == (1, None)


def test_the_sdk_sees_an_operation_that_fails(enterprise: genai.Client) -> None:
    operation = enterprise.models.generate_videos(
        model="veo-3.1-generate-001", source=types.GenerateVideosSource(prompt="[[fault:fails_late]] a fox")
    )
    time.sleep(0.5)
    operation = enterprise.operations.get(types.GenerateVideosOperation(name=operation.name))
    assert operation.done
    assert operation.error is not None
    assert operation.error["code"] == 13


def test_the_sdk_sees_a_file_that_is_not_ready(gemini: genai.Client) -> None:
    interaction = gemini.interactions.create(
        model="gemini-omni-1.2-flash",
        input="[[fault:file_not_active polls=1]] a fox",
        background=True,
        response_format={"type": "video", "delivery": "uri", "duration": "3s"},
    )
    uri = _ended(gemini, interaction.id or "").output_video.uri
    name = "files/" + uri.partition("/files/")[2].partition(":")[0]
    with pytest.raises(errors.ClientError) as caught:
        gemini.files.download(file=uri)
    states = [gemini.files.get(name=name).state for _ in range(2)]
    assert caught.value.status == "FAILED_PRECONDITION"
    assert states == [types.FileState.PROCESSING, types.FileState.ACTIVE]
    assert gemini.files.download(file=uri)
