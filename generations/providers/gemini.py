"""Gemini's text and image models by API key: one call, and everything is in the answer, or in the pieces of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import BinaryIO

from google.genai import types

from generations.providers import clients, units
from generations.providers.base import Blocked, Finished, OnText, Outcome, Output, ProviderError, ProviderRequest
from generations.providers.errors import bad_answer, paid_call, reading
from generations.providers.outputs import refusal, text_and_files, write_inline

Reason = types.FinishReason
# A candidate that ends for one of these was taken back for what it says or shows.
BLOCKING = frozenset(
    {
        Reason.SAFETY,
        Reason.RECITATION,
        Reason.LANGUAGE,
        Reason.OTHER,
        Reason.BLOCKLIST,
        Reason.PROHIBITED_CONTENT,
        Reason.SPII,
        Reason.IMAGE_SAFETY,
        Reason.IMAGE_PROHIBITED_CONTENT,
        Reason.IMAGE_RECITATION,
        Reason.IMAGE_OTHER,
        Reason.MODEL_ARMOR,
    }
)


class GeminiAdapter:
    """generate_content, for a text also as a stream.

    Nothing is stored at the provider, so there is nothing to poll, cancel or forget.
    """

    def prepare(self) -> None:
        clients.prepare(clients.gemini_client)

    def start(self, request: ProviderRequest, on_text: OnText | None = None) -> Outcome:
        if on_text is not None and request.kind == "text":
            return _streamed(request, on_text)
        try:
            with paid_call(request):
                answer = clients.gemini_client().models.generate_content(
                    model=request.model, contents=_contents(request), config=_config(request)
                )
        except ProviderError as error:
            return refusal(error)
        with reading():
            return _outcome(request, answer)

    def poll(self, request: ProviderRequest, operation: str) -> Outcome:
        raise ProviderError("provider_operation_lost", "This provider has no long operations.")

    def fetch(self, output: Output, destination: BinaryIO) -> None:
        write_inline(output, destination)

    def cancel(self, request: ProviderRequest, operation: str) -> bool:
        return False

    def forget(self, request: ProviderRequest, operation: str) -> bool:
        return True


def _streamed(request: ProviderRequest, on_text: OnText) -> Outcome:
    whole = _Whole(request)
    try:
        # Closed at once when `on_text` raises: the provider hears that nobody listens any more.
        with closing(_chunks(request)) as chunks:
            for chunk in chunks:
                with reading():
                    text = whole.add(chunk)
                if text:
                    on_text(text, whole.units)
    except ProviderError as error:
        blocked = refusal(error)
        return whole.withheld(blocked.reason) if whole.texts else blocked
    with reading():
        return whole.outcome()


def _chunks(request: ProviderRequest) -> Generator[types.GenerateContentResponse]:
    with paid_call(request):
        yield from clients.gemini_client().models.generate_content_stream(
            model=request.model, contents=_contents(request), config=_config(request)
        )


class _Whole:
    """A streamed answer, pieced together. A count in a chunk is of everything until then: the last one stands."""

    def __init__(self, request: ProviderRequest) -> None:
        self._request = request
        self._last = types.GenerateContentResponse()
        self._finish: types.FinishReason | None = None
        self.texts: list[str] = []
        self.units: units.Units | None = None

    def add(self, chunk: types.GenerateContentResponse) -> str:
        """The text of this chunk, without thoughts; "" for none."""
        last = self._last
        last.response_id = chunk.response_id or last.response_id
        last.prompt_feedback = chunk.prompt_feedback or last.prompt_feedback
        if chunk.usage_metadata is not None:
            last.usage_metadata = chunk.usage_metadata
            self.units = units.of_content(chunk.usage_metadata, kind=self._request.kind)
        if not chunk.candidates:
            return ""
        candidate = chunk.candidates[0]
        self._finish = candidate.finish_reason or self._finish
        text = "".join(part.text for part in _shown(candidate) if part.text)
        self.texts += [text] if text else []
        return text

    def outcome(self) -> Outcome:
        """What the same answer would be in one piece; a stream that says no reason for its end has broken off."""
        feedback = self._last.prompt_feedback
        block = feedback.block_reason if feedback is not None else None
        if block is not None and self.texts:
            return self.withheld(_name(block))
        if block is None and self._finish is None:
            raise bad_answer()
        if self._finish is not None:
            content = types.Content(parts=[types.Part(text=text) for text in self.texts])
            self._last.candidates = [types.Candidate(content=content, finish_reason=self._finish)]
        return _outcome(self._request, self._last)

    def withheld(self, reason: str) -> Blocked:
        """What was written until then is billed, as far as it was counted."""
        answer_id = self._last.response_id or ""
        return Blocked("output", reason, self.units, self.units is not None, provider_request_id=answer_id)


def _contents(request: ProviderRequest) -> types.Content:
    parts = [types.Part(text=request.prompt)]
    for item in request.inputs:
        with item.open() as source:
            parts.append(types.Part(inline_data=types.Blob(data=source.read(), mime_type=item.mime_type)))
    return types.Content(role="user", parts=parts)


def _config(request: ProviderRequest) -> types.GenerateContentConfig:
    asked = request.parameters
    config = types.GenerateContentConfig(
        http_options=clients.options_of(request),
        # A continuation is another billed request that nobody held quota for.
        automatic_continuation=False,
        system_instruction=asked.get("system_instruction"),
        max_output_tokens=asked.get("max_output_tokens"),
        temperature=asked.get("temperature"),
        top_p=asked.get("top_p"),
        seed=asked.get("seed"),
    )
    if request.kind == "image":
        config.response_modalities = ["TEXT", "IMAGE"]
        config.image_config = types.ImageConfig(
            aspect_ratio=asked.get("aspect_ratio"), image_size=asked.get("image_size")
        )
    return config


def _outcome(request: ProviderRequest, answer: types.GenerateContentResponse) -> Outcome:
    counted = units.of_content(answer.usage_metadata, kind=request.kind)
    answer_id = answer.response_id or ""
    feedback = answer.prompt_feedback
    if not answer.candidates and feedback is not None and feedback.block_reason is not None:
        return Blocked("prompt", _name(feedback.block_reason), counted, charged=False, provider_request_id=answer_id)
    if not answer.candidates:
        raise bad_answer()
    candidate = answer.candidates[0]
    if candidate.finish_reason in BLOCKING:
        # Text that was written and then withheld is billed; an image that was withheld is not.
        charged = request.kind == "text" and counted is not None
        return Blocked("output", _name(candidate.finish_reason), counted, charged, provider_request_id=answer_id)
    outputs = _outputs(candidate)
    if not outputs and candidate.finish_reason is Reason.MAX_TOKENS and request.kind == "text":
        # All of the allowance went into thoughts: finished and billed, with nothing to show for it.
        outputs = (Output(text=""),)
    if not outputs:
        raise bad_answer()
    return Finished(outputs, counted, provider_request_id=answer_id)


def _outputs(candidate: types.Candidate) -> tuple[Output, ...]:
    shown = _shown(candidate)
    blobs = [part.inline_data for part in shown if part.inline_data is not None and part.inline_data.data]
    files = [Output(data=blob.data, mime_type=blob.mime_type or "image/png") for blob in blobs]
    return text_and_files([part.text for part in shown if part.text], files)


def _shown(candidate: types.Candidate) -> list[types.Part]:
    """All but the thoughts."""
    parts = (candidate.content.parts if candidate.content else None) or []
    return [part for part in parts if not part.thought]


def _name(reason: types.FinishReason | types.BlockedReason | None) -> str:
    return reason.value if reason is not None else ""
