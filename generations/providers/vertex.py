"""Enterprise mode: Veo as a long operation, Imagen and lyria-002 at once."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

from google.genai import types

from generations.providers import answers, clients, storage
from generations.providers.base import (
    Blocked,
    Finished,
    OnText,
    Outcome,
    Output,
    Pending,
    ProviderError,
    ProviderRequest,
)
from generations.providers.errors import bad_answer, free_call, paid_call, reading
from generations.providers.outputs import inline, refusal, write_inline
from usage.enums import Unit

VEO_POLL_SECONDS = 10.0
INVALID_ARGUMENT = 3

# generate_images goes with the next major release of the SDK, which the pin in requirements.txt keeps away.
warnings.filterwarnings("ignore", message="The generate_images method is deprecated")


class VertexAdapter:
    """Only Veo is long; its operations can be looked at but neither canceled nor deleted."""

    def prepare(self) -> None:
        clients.prepare(clients.vertex_client)

    def start(self, request: ProviderRequest, on_text: OnText | None = None) -> Outcome:
        begin = {"video": _start_video, "image": _make_images, "music": _make_music}[request.kind]
        try:
            return begin(request)
        except ProviderError as error:
            return refusal(error)

    def poll(self, request: ProviderRequest, operation: str) -> Outcome:
        config = types.GetOperationConfig(http_options=clients.options_of(request))
        with free_call():
            known = types.GenerateVideosOperation.model_validate({"name": operation})
            answer = clients.vertex_client().operations.get(known, config=config)
        with reading():
            return _video_outcome(request, operation, answer)

    def fetch(self, output: Output, destination: BinaryIO) -> None:
        if write_inline(output, destination):
            return
        with free_call():
            storage.download(output.uri or "", destination)

    def cancel(self, request: ProviderRequest, operation: str) -> bool:
        return False

    def forget(self, request: ProviderRequest, operation: str) -> bool:
        return False


def _start_video(request: ProviderRequest) -> Outcome:
    asked = request.parameters
    config = types.GenerateVideosConfig(
        http_options=clients.options_of(request),
        number_of_videos=1,
        duration_seconds=asked["duration_seconds"],
        resolution=asked["resolution"],
        aspect_ratio=asked.get("aspect_ratio"),
        generate_audio=asked.get("generate_audio"),
        negative_prompt=asked.get("negative_prompt"),
        seed=asked.get("seed"),
        last_frame=_frame(request, "last_frame"),
    )
    source = types.GenerateVideosSource(prompt=request.prompt, image=_frame(request, "first_frame"))
    with paid_call(request):
        answer = clients.vertex_client().models.generate_videos(model=request.model, source=source, config=config)
    if not answer.name:
        raise bad_answer()
    return Pending(answer.name, clients.poll_seconds(VEO_POLL_SECONDS))


def _frame(request: ProviderRequest, role: str) -> types.Image | None:
    for item in request.inputs:
        if item.role == role:
            with item.open() as source:
                return types.Image(image_bytes=source.read(), mime_type=item.mime_type)
    return None


def _video_outcome(request: ProviderRequest, operation: str, answer: types.GenerateVideosOperation) -> Outcome:
    if not answer.name:
        raise bad_answer()
    if not answer.done:
        return Pending(operation, clients.poll_seconds(VEO_POLL_SECONDS))
    if answer.error:
        return _failed_operation(answer.error)
    result = answer.response or types.GenerateVideosResponse()
    videos = [made.video for made in result.generated_videos or () if made.video is not None]
    if videos:
        seconds = int(request.parameters["duration_seconds"]) * len(videos)
        return Finished(tuple(_video(video) for video in videos), {Unit.VIDEO_SECOND.value: seconds}, operation)
    if result.rai_media_filtered_count:
        # Google does not bill a video that its filter took back.
        return Blocked("output", "SAFETY", provider_request_id=operation)
    raise bad_answer()


def _failed_operation(error: Mapping[str, Any]) -> Blocked:
    if error.get("code") == INVALID_ARGUMENT and answers.is_safety(message=str(error.get("message") or "")):
        return Blocked("prompt", "SAFETY")
    raise ProviderError("provider_operation_failed", "The provider could not finish the work; it is not billed.")


def _video(video: types.Video) -> Output:
    mime_type = video.mime_type or "video/mp4"
    if video.video_bytes:
        return Output(data=video.video_bytes, mime_type=mime_type)
    if video.uri:
        return Output(uri=video.uri, mime_type=mime_type)
    raise bad_answer()


def _make_images(request: ProviderRequest) -> Outcome:
    asked = request.parameters
    config = types.GenerateImagesConfig(
        http_options=clients.options_of(request),
        number_of_images=asked["number_of_images"],
        aspect_ratio=asked.get("aspect_ratio"),
        image_size=asked.get("image_size"),
        # Without it an image that was filtered is only missing, and nobody can say why.
        include_rai_reason=True,
    )
    with paid_call(request):
        client = clients.vertex_client()
        answer = client.models.generate_images(model=request.model, prompt=request.prompt, config=config)
    with reading():
        return _image_outcome(answer)


def _image_outcome(answer: types.GenerateImagesResponse) -> Outcome:
    made = answer.generated_images or []
    images = [item.image for item in made if item.image is not None and item.image.image_bytes]
    if images:
        outputs = (Output(data=image.image_bytes, mime_type=image.mime_type or "image/png") for image in images)
        return Finished(tuple(outputs), {Unit.IMAGE.value: len(images)})
    if any(item.rai_filtered_reason for item in made):
        return Blocked("output", "SAFETY")
    raise bad_answer()


def _make_music(request: ProviderRequest) -> Outcome:
    """lyria-002 has no method in the SDK; the request of its client keeps key, timeouts and errors the same."""
    asked = {name: value for name, value in request.parameters.items() if value is not None}
    body: dict[str, object] = {"instances": [{"prompt": request.prompt, **asked}], "parameters": {}}
    if "seed" not in asked:
        # Google takes either a seed or a number of clips.
        body["parameters"] = {"sample_count": 1}
    path = f"publishers/google/models/{request.model}:predict"
    with paid_call(request):
        client = clients.vertex_client()
        answer = client._api_client.request("post", path, body, clients.options_of(request))
    with reading():
        return _music_outcome(json.loads(answer.body or ""))


def _music_outcome(answer: Mapping[str, Any]) -> Outcome:
    made = answer.get("predictions") or []
    clips = [item for item in made if item.get("audioContent") or item.get("bytesBase64Encoded")]
    if clips:
        return Finished(tuple(_clip(item) for item in clips), {Unit.CLIP.value: len(clips)})
    if any(item.get("raiFilteredReason") for item in made):
        return Blocked("output", "SAFETY")
    raise bad_answer()


def _clip(item: Mapping[str, Any]) -> Output:
    encoded = item.get("audioContent") or item["bytesBase64Encoded"]
    return inline(str(encoded), str(item.get("mimeType") or "audio/wav"))
