from __future__ import annotations

import base64
import io
import wave
from typing import Any

import av
import pytest
from PIL import Image

from generations.simulator.tests.conftest import Running, contents


def _inline(answer: Any) -> bytes:
    parts = answer.json()["candidates"][0]["content"]["parts"]
    return base64.b64decode(parts[-1]["inlineData"]["data"])


def _decoded(data: bytes) -> tuple[int, float]:
    """(samples or frames, seconds) of the first stream, every packet decoded."""
    with av.open(io.BytesIO(data)) as container:
        count = sum(getattr(frame, "samples", 1) for frame in container.decode(container.streams[0]))
        return count, (container.duration or 0) / 1_000_000


@pytest.mark.parametrize(("aspect", "size"), [("1:1", "512"), ("16:9", "1K"), ("9:16", "2K"), ("21:9", "4K")])
def test_it_draws_a_png_of_the_size_asked_for(simulator: Running, aspect: str, size: str) -> None:
    answer = simulator.ask("a hill", model="gemini-3-pro-image", imageConfig={"aspectRatio": aspect, "imageSize": size})
    image = Image.open(io.BytesIO(_inline(answer)))
    image.load()
    across, down = map(int, aspect.split(":"))
    edge = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}[size]
    assert image.format == "PNG"
    assert image.width / image.height == pytest.approx(across / down, rel=0.05)
    assert image.width * image.height == pytest.approx(edge * edge, rel=0.05)


def test_it_draws_a_jpeg_when_asked(simulator: Running) -> None:
    body = {
        "model": "gemini-3.1-flash-image",
        "input": "a hill",
        "response_format": {"type": "image", "mime_type": "image/jpeg"},
    }
    content = simulator.post("/v1/interactions", body).json()["steps"][-1]["content"][-1]
    assert content["mime_type"] == "image/jpeg"
    assert Image.open(io.BytesIO(base64.b64decode(content["data"]))).format == "JPEG"


@pytest.mark.parametrize(("seconds", "aspect"), [(3, "16:9"), (10, "9:16"), (15, "16:9")])
def test_it_films_the_duration_and_the_aspect_asked_for(simulator: Running, seconds: int, aspect: str) -> None:
    wanted = {"type": "video", "duration": f"{seconds}s", "aspect_ratio": aspect}
    body = {"model": "gemini-omni-1.2-flash", "input": "a fox", "response_format": wanted}
    content = simulator.post("/v1/interactions", body).json()["steps"][-1]["content"][-1]
    data = base64.b64decode(content["data"])
    frames, duration = _decoded(data)
    assert duration == pytest.approx(seconds, abs=0.1)
    assert frames == seconds * 8
    with av.open(io.BytesIO(data)) as container:
        across, down = map(int, aspect.split(":"))
        film = container.streams.video[0]
        assert film.width / film.height == pytest.approx(across / down, rel=0.02)
        assert container.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize(("model", "seconds"), [("lyria-3.5", 20), ("lyria-3-clip-preview", 30)])
def test_it_plays_an_mp3(simulator: Running, model: str, seconds: int) -> None:
    content = simulator.post("/v1/interactions", {"model": model, "input": "a waltz"}).json()["steps"][-1]["content"]
    samples, duration = _decoded(base64.b64decode(content[-1]["data"]))
    assert (content[-1]["mime_type"], content[-1]["sample_rate"], content[-1]["channels"]) == ("audio/mpeg", 44_100, 2)
    assert duration == pytest.approx(seconds, abs=0.1)
    assert samples == pytest.approx(seconds * 44_100, rel=0.01)


def test_it_plays_an_mp3_through_generate_content(simulator: Running) -> None:
    answer = simulator.ask("a waltz", model="lyria-3-clip-preview", responseModalities=["AUDIO", "TEXT"])
    assert "[Chorus" in answer.json()["candidates"][0]["content"]["parts"][0]["text"]
    assert _decoded(_inline(answer))[1] == pytest.approx(30, abs=0.1)
    assert simulator.only_call()["units"] == {"clip": 1}


def test_it_plays_a_wav(simulator: Running) -> None:
    [made] = simulator.start("clip", "slow strings").json()["predictions"]
    with wave.open(io.BytesIO(base64.b64decode(made["audioContent"]))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 2, 2)
        assert file.getnframes() / file.getframerate() == 30
        assert any(file.readframes(4800))


@pytest.mark.parametrize("family", ["text", "image", "interaction", "picture", "song", "imagen", "clip"])
def test_it_never_makes_the_same_for_two_prompts(simulator: Running, family: str) -> None:
    prompts = ["a fox", "a fox ", "A fox", "ein Fuchs", "狐"]
    made = {_payload(simulator.start(family, prompt).json()) for prompt in prompts}
    assert len(made) == len(prompts)


@pytest.mark.parametrize("family", ["film", "veo"])
def test_it_never_films_the_same_for_two_prompts(simulator: Running, family: str) -> None:
    started = [simulator.start(family, prompt) for prompt in ("a fox", "A fox", "a fox.")]
    made = {_film(simulator, simulator.finish(family, one)) for one in started}
    assert len(made) == len(started)


def test_it_makes_several_at_once_that_differ(simulator: Running) -> None:
    path = "/v1beta1/publishers/google/models/imagen-4.0-generate-001:predict"
    answer = simulator.post(path, {"instances": [{"prompt": "a fox"}], "parameters": {"sampleCount": 4}}).json()
    assert len({made["bytesBase64Encoded"] for made in answer["predictions"]}) == 4
    assert simulator.only_call()["units"] == {"image": 4}


def test_it_keeps_a_film_for_download(simulator: Running) -> None:
    done = simulator.finish("film", simulator.start("film", "a fox"))
    uri = done["steps"][-1]["content"][-1]["uri"]
    id = uri.removeprefix("https://generativelanguage.googleapis.com/v1beta/files/").removesuffix(":download?alt=media")
    described = simulator.get(f"/v1/files/{id}").json()
    download = simulator.get(f"/v1beta/files/{id}:download?alt=media")
    assert described["state"] == "ACTIVE"
    assert described["videoMetadata"] == {"videoDuration": "3s"}
    assert int(described["sizeBytes"]) == len(download.content)
    assert download.headers["content-type"] == "video/mp4"
    simulator.http.delete(f"{simulator.url}/v1/files/{id}", headers={"x-goog-api-key": "k"})
    assert simulator.get(f"/v1/files/{id}").status_code == 403


def test_it_films_with_veo_for_the_gemini_api_by_uri(simulator: Running) -> None:
    path = "/v1beta/models/veo-3.1-generate-preview"
    body = {"instances": [{"prompt": "a cat"}], "parameters": {"durationSeconds": 4}}
    name = simulator.post(f"{path}:predictLongRunning", body).json()["name"]
    while not (found := simulator.get(f"/v1beta/{name}").json()).get("done"):
        pass
    uri = found["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
    data = simulator.get(f"/v1beta/files/{uri.partition('/files/')[2]}").content
    assert _decoded(data)[1] == pytest.approx(4, abs=0.1)


def _payload(answer: dict[str, Any]) -> str:
    """What was made, without ids and times."""
    if "predictions" in answer:
        return str(answer["predictions"])
    return str(answer["candidates"] if "candidates" in answer else answer["steps"][-1]["content"][-1])


def _film(simulator: Running, done: dict[str, Any]) -> bytes:
    if "response" in done:
        return base64.b64decode(done["response"]["videos"][0]["bytesBase64Encoded"])
    path = done["steps"][-1]["content"][-1]["uri"].partition("/files/")[2]
    return simulator.get(f"/v1/files/{path}").content


def test_it_is_quick_for_small_answers(simulator: Running) -> None:
    answers = [simulator.post("/v1/models/gemini-3.8-flash:countTokens", contents("hello")) for _ in range(50)]
    assert sum(answer.elapsed.total_seconds() for answer in answers) / len(answers) < 0.05
