"""Interactions by API key: Omni's videos in the background, Lyria's songs and clips at once."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from google.genai import interactions, types

from generations.providers import answers, clients, units
from generations.providers.base import (
    Billed,
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
from generations.providers.outputs import inline, refusal, text_and_files, write_inline
from usage.enums import Unit

OMNI_POLL_SECONDS = 10.0
FILE_POLL_SECONDS = 5.0
AT_WORK = frozenset({"queued", "in_progress"})
# `incomplete` is what a token limit leaves: made, billed and worth keeping when there is an output.
ENDED_WITH_OUTPUT = frozenset({"completed", "incomplete"})
# What an operator can mend: asked again then.
MENDABLE = frozenset({"provider_denied", "provider_not_configured"})
MIME_TYPES = {"video": "video/mp4", "audio": "audio/mpeg", "image": "image/png"}
_FILE_NAME = re.compile(r"(?:^|/)files/([a-z0-9]+)")


class InteractionsAdapter:
    """The Interactions API. Video runs in the background and is fetched by name; music comes within the answer."""

    def prepare(self) -> None:
        clients.prepare(clients.gemini_client)

    def start(self, request: ProviderRequest, on_text: OnText | None = None) -> Outcome:
        try:
            with paid_call(request):
                answer = clients.gemini_client().interactions.create(
                    model=request.model,
                    input=_input(request),
                    extra_headers=clients.headers_of(request),
                    **_way(request),
                )
        except ProviderError as error:
            return refusal(error)
        return _read(request, answer)

    def poll(self, request: ProviderRequest, operation: str) -> Outcome:
        with free_call():
            answer = clients.gemini_client().interactions.get(operation, extra_headers=clients.headers_of(request))
        return _read(request, answer)

    def fetch(self, output: Output, destination: BinaryIO) -> None:
        if write_inline(output, destination):
            return
        name = _file_name(output.uri or "")
        client = clients.gemini_client()
        with free_call():
            state = client.files.get(name=name).state
        _require_active(state)
        with free_call():
            client.files.download(file=name, destination=cast(io.IOBase, destination))

    def cancel(self, request: ProviderRequest, operation: str) -> bool:
        try:
            with free_call():
                answer = clients.gemini_client().interactions.cancel(
                    operation, extra_headers=clients.headers_of(request)
                )
        except ProviderError as error:
            return _refused_or_raise(error)
        return _interaction(answer).status == "cancelled"

    def forget(self, request: ProviderRequest, operation: str) -> bool:
        """The files first: their names are in the interaction."""
        try:
            with free_call():
                answer = clients.gemini_client().interactions.get(operation, extra_headers=clients.headers_of(request))
            for name in _file_names(answer):
                _delete_file(request, name)
            with free_call():
                clients.gemini_client().interactions.delete(operation, extra_headers=clients.headers_of(request))
        except ProviderError as error:
            if error.code in MENDABLE:
                raise
            return error.code == "provider_operation_lost" or _refused_or_raise(error)
        return True


def _file_names(answer: object) -> list[str]:
    """Of the files that the interaction made and that the provider still may keep."""
    with reading():
        found = _interaction(answer)
        uris = [output.uri for output in _outputs(found) if output.uri] if found.status in ENDED_WITH_OUTPUT else []
        return [match.group(1) for uri in uris if (match := _FILE_NAME.search(uri))]


def _delete_file(request: ProviderRequest, name: str) -> None:
    """Google says of a file that is gone that it may not be had, and after two days each is."""
    try:
        with free_call():
            config = types.DeleteFileConfig(http_options=clients.options_of(request))
            clients.gemini_client().files.delete(name=f"files/{name}", config=config)
    except ProviderError as error:
        if error.retryable:
            raise


def _refused_or_raise(error: ProviderError) -> bool:
    """False for an answer that says no; anything else may be tried again."""
    if error.retryable:
        raise error
    return False


def _input(request: ProviderRequest) -> Any:
    if not request.inputs:
        return request.prompt
    content: list[dict[str, str]] = [{"type": "text", "text": request.prompt}]
    for item in request.inputs:
        with item.open() as source:
            data = base64.b64encode(source.read()).decode()
        content.append({"type": item.mime_type.partition("/")[0], "mime_type": item.mime_type, "data": data})
    return [{"type": "user_input", "content": content}]


def _way(request: ProviderRequest) -> dict[str, Any]:
    """In the background for a video, which Google demands to store; at once and not stored for music."""
    if request.kind != "video":
        # Lyria refuses a response_format. Nothing is kept at the provider that would have to be deleted again, and no
        # continuation is asked for, which would be another billed request (the SDK rejects this word for a background).
        return {"store": False, "automatic_continuation": False}
    asked = request.parameters
    wanted = {
        "type": "video",
        "delivery": "uri",
        "resolution": asked["resolution"],
        "duration": f"{asked['duration_seconds']}s",
        "aspect_ratio": asked["aspect_ratio"],
    }
    task = _task(len(request.inputs))
    settings = {"video_config": {"task": task}}
    return {"background": True, "store": True, "response_format": wanted, "generation_config": settings}


def _task(pictures: int) -> str:
    """One picture is what moves; several are what the film refers to."""
    if not pictures:
        return "text_to_video"
    return "image_to_video" if pictures == 1 else "reference_to_video"


def _read(request: ProviderRequest, answer: object) -> Outcome:
    with reading():
        return _outcome(request, _interaction(answer))


def _interaction(answer: object) -> interactions.Interaction:
    """The SDK hands out valid JSON of any shape: a list, a number, nothing."""
    if not isinstance(answer, interactions.Interaction) or not isinstance(answer.status, str):
        raise bad_answer()
    return answer


def _outcome(request: ProviderRequest, answer: interactions.Interaction) -> Outcome:
    if answer.status in AT_WORK:
        if not answer.id:
            raise bad_answer()
        return Pending(answer.id, clients.poll_seconds(OMNI_POLL_SECONDS))
    if answer.status in ENDED_WITH_OUTPUT:
        return _finished(request, answer)
    return _ended_badly(answer)


def _finished(request: ProviderRequest, answer: interactions.Interaction) -> Finished:
    outputs = _outputs(answer)
    files = sum(output.text is None for output in outputs)
    if not files:
        raise bad_answer()
    return Finished(outputs, _units(request, answer, files), provider_request_id=answer.id or "")


def _units(request: ProviderRequest, answer: interactions.Interaction, files: int) -> Mapping[str, int] | None:
    if request.kind == "music":
        # Google names its 30-second models clips; both are billed by the piece, whatever the usage says.
        return {(Unit.CLIP if "clip" in request.model else Unit.SONG).value: files}
    return units.of_interaction(answer.usage)


def _outputs(answer: interactions.Interaction) -> tuple[Output, ...]:
    steps = answer.steps if isinstance(answer.steps, list) else []
    made = [item for step in steps if isinstance(step, interactions.ModelOutputStep) for item in step.content or ()]
    texts = [item.text for item in made if isinstance(item, interactions.TextContent) and item.text]
    return text_and_files(texts, [_file(item) for item in made if getattr(item, "type", "") in MIME_TYPES])


def _file(item: Any) -> Output:
    mime_type = str(item.mime_type or MIME_TYPES[item.type])
    if item.uri:
        return Output(uri=str(item.uri), mime_type=mime_type)
    return inline(str(item.data or ""), mime_type)


def _ended_badly(answer: interactions.Interaction) -> Blocked:
    """A refusal for safety is an outcome; any other end without an output is a failure, which is not billed."""
    if answer.status == "cancelled":
        message = "The work was canceled at the provider."
        raise ProviderError("provider_operation_canceled", message, billed=Billed.UNKNOWN)
    for error in answer.errors or ():
        code, message = error.code or "", error.message or ""
        if answers.is_safety(code=code, message=message):
            at_prompt = re.search("prompt|input", f"{code} {message}", re.IGNORECASE)
            return Blocked("prompt" if at_prompt else "output", code or "SAFETY", provider_request_id=answer.id or "")
    raise ProviderError("provider_operation_failed", "The provider could not finish the work; it is not billed.")


def _file_name(uri: str) -> str:
    """`files/<id>` out of any form of address; the download always goes to our own base URL, whatever host it names."""
    match = _FILE_NAME.search(uri)
    if match is None:
        message = "The provider delivered to a place that the hub cannot read."
        raise ProviderError("provider_unsupported_output", message, billed=Billed.UNKNOWN)
    return f"files/{match.group(1)}"


def _require_active(state: types.FileState | None) -> None:
    if state is types.FileState.ACTIVE:
        return
    if state is types.FileState.FAILED:
        message = "The provider could not prepare the file."
        raise ProviderError("provider_file_failed", message, billed=Billed.UNKNOWN)
    raise ProviderError(
        "provider_file_not_ready",
        "The provider is still preparing the file.",
        retryable=True,
        retry_after=clients.poll_seconds(FILE_POLL_SECONDS),
        billed=Billed.UNKNOWN,
    )
