"""predict: Imagen pictures and lyria-002 clips."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from generations.simulator.errors import Refusal
from generations.simulator.media import audio, images
from generations.simulator.models import Maker
from generations.simulator.orders import one_of
from generations.simulator.state import Ask, Simulator
from generations.simulator.subject import Subject
from generations.simulator.wire import Answer, as_json

RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")
REFUSED = (
    "{what} generation failed with the following error: The prompt could not be submitted. This prompt contains "
    "sensitive words that violate Google's Responsible AI practices. Try rephrasing the prompt. Support codes: 39322892"
)
FILTERED = (
    "Unable to show generated images. All images were filtered out because they violated Google's Responsible AI "
    "practices. Try rephrasing the prompt. Support codes: 58061214"
)
RECITED = "Audio generation failed with the following error: All responses were blocked by recitation checks."


def predict(simulator: Simulator, ask: Ask) -> Answer:
    ask.model.must_support("predict")
    if ask.has("fails_late"):
        raise Refusal(500, "An internal error has occurred while the prediction was being made.")
    instance, parameters = instance_of(ask.body)
    if ask.model.maker is Maker.LYRIA2:
        return _music(simulator, ask, instance, parameters)
    return _pictures(simulator, ask, instance, parameters)


def instance_of(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The one instance, which must have a prompt, and the parameters."""
    instances = body.get("instances")
    if not isinstance(instances, list) or len(instances) != 1 or not isinstance(instances[0], dict):
        raise Refusal(400, "The request must have exactly one instance.")
    if not str(instances[0].get("prompt") or "").strip():
        raise Refusal(400, "Text prompt is required.")
    return instances[0], body.get("parameters") or {}


def _pictures(simulator: Simulator, ask: Ask, instance: Mapping[str, Any], parameters: Mapping[str, Any]) -> Answer:
    count = one_of(parameters, "sample_count", range(1, 5), 1)
    ratio = one_of(parameters, "aspect_ratio", RATIOS, "1:1")
    size = one_of(parameters, "sample_image_size", ("1K", "2K"), "1K")
    mime_type = one_of(parameters.get("output_options") or {}, "mime_type", ("image/png", "image/jpeg"), "image/png")
    if ask.has("blocked_prompt"):
        raise Refusal(400, REFUSED.format(what="Image"))
    if ask.blocks_output:
        reasons = [{"raiFilteredReason": FILTERED}] if parameters.get("include_rai_reason") else []
        return as_json({"predictions": reasons} if reasons else {})
    width, height = images.size_of(ratio, size)
    predictions = []
    for index in range(count):
        subject = Subject(instance["prompt"], variation=f"{ask.model.id}/{parameters.get('seed', '')}/{index}")
        data = images.picture(subject, width=width, height=height, mime_type=mime_type)
        predictions.append({"mimeType": mime_type, "bytesBase64Encoded": base64.b64encode(data).decode()})
    simulator.calls.bill(ask.call, {"image": count})
    return as_json({"predictions": predictions + _attributes(parameters)})


def _attributes(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not parameters.get("include_safety_attributes"):
        return []
    scores = {"categories": ["Violence", "Drugs"], "scores": [0.1, 0.1]}
    return [{"contentType": "Positive Prompt", "safetyAttributes": scores}]


def _music(simulator: Simulator, ask: Ask, instance: Mapping[str, Any], parameters: Mapping[str, Any]) -> Answer:
    if "seed" in instance and "sample_count" in parameters:
        raise Refusal(400, "seed and sample_count cannot be used together.")
    count = one_of(parameters, "sample_count", range(1, 5), 1)
    if ask.has("blocked_prompt"):
        raise Refusal(400, REFUSED.format(what="Audio"))
    if ask.blocks_output:
        raise Refusal(400, RECITED)
    predictions = []
    for index in range(count):
        variation = f"{ask.model.id}/{instance.get('seed', '')}/{instance.get('negative_prompt', '')}/{index}"
        data = audio.wav(Subject(instance["prompt"], variation=variation), seconds=audio.CLIP_SECONDS)
        predictions.append({"audioContent": base64.b64encode(data).decode(), "mimeType": "audio/wav"})
    simulator.calls.bill(ask.call, {"clip": count})
    return as_json({"predictions": predictions, "model": f"publishers/google/models/{ask.model.id}"})
