"""generateContent, streamGenerateContent, countTokens and the list of models."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generations.simulator import studio
from generations.simulator.errors import Refusal, classic_error
from generations.simulator.faults import FOREVER, Fault
from generations.simulator.models import MODELS, Model
from generations.simulator.orders import Order, of_generate
from generations.simulator.state import Ask, Simulator
from generations.simulator.studio import Product
from generations.simulator.usage import Usage, text_tokens
from generations.simulator.wire import Answer, Delivery, as_json, as_stream, plain_event

CHUNKS = 4
SIGNATURE = base64.b64encode(b"simulated thought signature").decode()


def generate(simulator: Simulator, ask: Ask) -> Answer:
    """generateContent: one document."""
    ask.model.must_support("generateContent")
    if ask.has("fails_late"):
        raise Refusal(500, "An internal error has occurred while the answer was being made.")
    product = studio.make(_order(simulator, ask))
    _bill(simulator, ask, product)
    if ask.has("blocked_prompt"):
        return as_json(_document(ask, _feedback(), studio.without_output(product)))
    if ask.blocks_output:
        return as_json(_document(ask, {"candidates": [_blocked(ask)]}, _blocked_usage(ask, product)))
    candidates = [_candidate(product, index) for index in range(len(product.texts))]
    return as_json(_document(ask, {"candidates": candidates}, product.usage))


def stream(simulator: Simulator, ask: Ask) -> Answer:
    """streamGenerateContent: the same in pieces; every piece has the usage so far, the last one all of it."""
    ask.model.must_support("streamGenerateContent")
    product = studio.make(_order(simulator, ask))
    if not ask.has("fails_late"):
        _bill(simulator, ask, product)
    if ask.has("blocked_prompt"):
        return as_stream([plain_event(_document(ask, _feedback(), studio.without_output(product)))])
    pieces = _pieces(ask, product)
    if ask.fault is not None and ask.fault.breaks:
        return _broken_off(simulator, ask, ask.fault, pieces, product)
    events = [event for event, _ in pieces]
    if ask.has("fails_late"):
        return as_stream([*events[: max(1, len(events) // 2)], _failure()])
    if ask.blocks_output:
        last = _document(ask, {"candidates": [_blocked(ask)]}, _blocked_usage(ask, product))
        return as_stream([*(events[: len(events) // 2] if product.media is None else []), plain_event(last)])
    return as_stream(events)


def _broken_off(
    simulator: Simulator, ask: Ask, fault: Fault, pieces: list[tuple[bytes, Usage]], product: Product
) -> Answer:
    """The first pieces and no more; what they counted is billed in the place of the whole."""
    sent = pieces[: int(fault.option("after", 1))]
    counted = sent[-1][1] if sent else studio.without_output(product)
    simulator.calls.bill(ask.call, counted.units())
    answer = as_stream([event for event, _ in sent])
    if fault.name == "stream_error":
        answer.events = (*(answer.events or ()), _failure())
    answer.delivery = {"stream_cut": Delivery.CUT, "stream_hang": Delivery.STALL}.get(fault.name, Delivery.WHOLE)
    answer.hang = fault.option("seconds", FOREVER)
    return answer


def _failure() -> bytes:
    error = classic_error(Refusal(500, "An internal error has occurred in the middle of the stream."))
    return plain_event({"error": error})


def count_tokens(model: Model, body: Mapping[str, Any]) -> Answer:
    model.must_support("countTokens")
    order = of_generate(model, body.get("generate_content_request") or body)
    details = [{"modality": name, "tokenCount": count} for name, count in order.tokens.items()]
    return as_json({"totalTokens": sum(order.tokens.values()), "promptTokensDetails": details})


def list_models(*, enterprise: bool, query: Mapping[str, str]) -> Answer:
    """All of them, or pages of `pageSize` with a number as the page token."""
    start, size = int(query.get("pageToken") or 0), int(query.get("pageSize") or len(MODELS))
    listed = [model.as_json(enterprise=enterprise) for model in MODELS.values()][start : start + size]
    payload: dict[str, Any] = {"publisherModels" if enterprise else "models": listed}
    if start + size < len(MODELS):
        payload["nextPageToken"] = str(start + size)
    return as_json(payload)


def _order(simulator: Simulator, ask: Ask) -> Order:
    order = of_generate(ask.model, ask.body)
    return replace(order, cached=simulator.remembered_tokens(order))


def _bill(simulator: Simulator, ask: Ask, product: Product) -> None:
    """Blocked media are not billed, blocked text is; a blocked prompt never is."""
    if ask.has("blocked_prompt") or (ask.blocks_output and product.media):
        return
    simulator.calls.bill(ask.call, product.units)


def _blocked_usage(ask: Ask, product: Product) -> Usage:
    return studio.without_output(product) if product.media else product.usage


def _document(ask: Ask, content: Mapping[str, Any], usage: Usage) -> dict[str, Any]:
    document = dict(content)
    if not ask.has("no_usage") and ask.option("usage", 1):
        document["usageMetadata"] = usage.classic(enterprise=ask.target.enterprise)
    return document | {"modelVersion": ask.model.id, "responseId": secrets.token_urlsafe(16)}


def _feedback() -> dict[str, Any]:
    return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}


def _blocked(ask: Ask) -> dict[str, Any]:
    rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
    reason = "IMAGE_SAFETY" if ask.model.kind == "image" else "SAFETY"
    return {"finishReason": reason, "index": 0, "safetyRatings": [rating]}


def _candidate(product: Product, index: int) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": product.thought, "thought": True}] if product.thought else []
    if product.texts[index] or product.media is None:
        parts.append({"text": product.texts[index]})
    if product.media:
        parts.append(_file_part(product))
    if product.usage.thoughts and parts:
        parts[-1]["thoughtSignature"] = SIGNATURE
    return {"content": {"role": "model", "parts": parts}, "finishReason": product.finish, "index": index}


def _file_part(product: Product) -> dict[str, Any]:
    if product.media is None:
        return {}
    data = base64.b64encode(product.media.make()).decode()
    return {"inlineData": {"mimeType": product.media.mime_type, "data": data}}


def _pieces(ask: Ask, product: Product) -> list[tuple[bytes, Usage]]:
    """The first candidate in pieces, each with the usage so far: thought, text, file."""
    parts: list[list[dict[str, Any]]] = [[{"text": product.thought, "thought": True}]] if product.thought else []
    parts += [[{"text": text}] for text in _split(product.texts[0], int(ask.option("pieces", CHUNKS)))]
    parts += [[_file_part(product)]] if product.media else []
    documents, text = [], ""
    for number, part in enumerate(parts or [[{"text": ""}]], start=1):
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": part}, "index": 0}
        if not part[0].get("thought"):
            text += part[0].get("text", "")
        usage = replace(product.usage, text=text_tokens(text), media={})
        if number == max(1, len(parts)):
            candidate["finishReason"], usage = product.finish, product.usage
        documents.append((plain_event(_document(ask, {"candidates": [candidate]}, usage)), usage))
    return documents


def _split(text: str, pieces: int) -> list[str]:
    step = max(1, -(-len(text) // max(1, pieces)))
    return [text[start : start + step] for start in range(0, len(text), step)]
