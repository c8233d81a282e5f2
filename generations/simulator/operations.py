"""predictLongRunning and its operations: Veo, in the enterprise form and in that of the Gemini API."""

from __future__ import annotations

import base64
import hashlib
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from generations.simulator.errors import Refusal
from generations.simulator.jobs import Job, State
from generations.simulator.measure import measured
from generations.simulator.media import video
from generations.simulator.orders import decoded, one_of
from generations.simulator.predictions import instance_of
from generations.simulator.state import Ask, Shoot, Simulator
from generations.simulator.studio import Media
from generations.simulator.subject import Subject
from generations.simulator.wire import Answer, as_json

DEFAULT_PARENT = "projects/simulator/locations/us-central1"
FILTERED = (
    "Veo could not generate videos because the result may violate Google's usage guidelines. Support codes: 64151117"
)
ERRORS = {
    State.FAILED: (13, "Video generation failed due to an internal server error. Please try again."),
    State.BLOCKED_PROMPT: (
        3,
        "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI "
        "practices. Try rephrasing the prompt. Support codes: 58061214",
    ),
}


def start(simulator: Simulator, ask: Ask) -> Answer:
    """Answers with the operation's name; what it makes is billed in seconds of video when it is done."""
    ask.model.must_support("predictLongRunning")
    films = _films(ask)
    id = str(uuid.uuid4())
    name = f"models/{ask.model.id}/operations/{id}"
    if ask.target.enterprise:
        name = f"{ask.target.parent or DEFAULT_PARENT}/publishers/google/{name}"
    parameters, ending = ask.body.get("parameters") or {}, ask.ending()
    polls = int(ask.fault.option("polls", 2)) if ask.fault and ask.has("file_not_active") else 0
    files = () if ask.target.enterprise else tuple(simulator.files.add(film, polls=polls) for film in films)
    simulator.calls.note(ask.call, operation=name)
    simulator.operations.start(
        id=id,
        call=ask.call,
        units={"video_second": sum(film.seconds for film in films)},
        seconds=math.inf if ask.has("never_ends") else simulator.settings.operation_seconds,
        ending=ending,
        bills=ending is State.SUCCEEDED,
        detail=Shoot(name, films, ask.target.enterprise, parameters.get("storage_uri", ""), files),
    )
    return as_json({"name": name})


def poll(simulator: Simulator, name: str) -> Answer:
    """`name` is a whole operation name or its last part."""
    job = simulator.operations.find(name.rpartition("/")[2])
    if job is None:
        raise Refusal(404, f"Operation {name} was not found.")
    return as_json({"name": job.detail.name} | _progress(job))


def _films(ask: Ask) -> tuple[Media, ...]:
    instance, parameters = instance_of(ask.body)
    resolutions = ("720p", "1080p") if "lite" in ask.model.id else ("720p", "1080p", "4k")
    resolution = one_of(parameters, "resolution", resolutions, "720p")
    seconds = one_of(parameters, "duration_seconds", (4, 6, 8), 8)
    ratio = one_of(parameters, "aspect_ratio", ("16:9", "9:16"), "16:9")
    frames = _frames(instance)
    made = []
    for index in range(one_of(parameters, "sample_count", range(1, 5), 1)):
        variation = f"{ask.model.id}/{parameters.get('seed', '')}/{resolution}/{index}{frames}"
        subject = Subject(instance["prompt"], variation=variation)
        made.append(Media("video", "video/mp4", _maker(subject, seconds, ratio), seconds))
    return tuple(made)


def _frames(instance: Mapping[str, Any]) -> str:
    """What tells the frames that were given from others; raises Refusal (400) for a last one without a first."""
    given = [instance[name] for name in ("image", "last_frame") if name in instance]
    if "last_frame" in instance and "image" not in instance:
        raise Refusal(400, "last_frame is only supported together with image.")
    digest = hashlib.sha256()
    for frame in given:
        data = decoded(frame.get("bytes_base64_encoded", ""))
        if measured("image/any", data) is None:
            raise Refusal(400, "Unable to process input image.")
        digest.update(data)
    return digest.hexdigest()[:16] if given else ""


def _maker(subject: Subject, seconds: int, ratio: str) -> Callable[[], bytes]:
    return lambda: video.film(subject, seconds=seconds, aspect_ratio=ratio)


def _progress(job: Job[Shoot]) -> dict[str, Any]:
    state = job.state()
    if state is State.RUNNING:
        return {}
    if state in ERRORS:
        return {"done": True, "error": dict(zip(("code", "message"), ERRORS[state], strict=True))}
    filtered = state is State.BLOCKED_OUTPUT
    rai: dict[str, Any] = {"raiMediaFilteredCount": len(job.detail.films) if filtered else 0}
    if filtered:
        rai["raiMediaFilteredReasons"] = [FILTERED] * len(job.detail.films)
    return {"done": True, "response": _response(job.detail, rai, made=not filtered)}


def _response(shoot: Shoot, rai: dict[str, Any], *, made: bool) -> dict[str, Any]:
    if shoot.enterprise:
        videos = {"videos": [_video(shoot, index) for index in range(len(shoot.films))]} if made else {}
        return {"@type": "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse", **rai, **videos}
    samples = {"generatedSamples": [{"video": {"uri": file.uri}} for file in shoot.files]} if made else {}
    type_ = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
    return {"@type": type_, "generateVideoResponse": {**rai, **samples}}


def _video(shoot: Shoot, index: int) -> dict[str, Any]:
    """In the caller's own bucket when there is a storage URI; there is no bucket behind it."""
    if shoot.storage_uri:
        place = f"{shoot.storage_uri.rstrip('/')}/{shoot.name.rpartition('/')[2]}/sample_{index}.mp4"
        return {"gcsUri": place, "mimeType": "video/mp4"}
    data = base64.b64encode(shoot.films[index].make()).decode()
    return {"bytesBase64Encoded": data, "mimeType": "video/mp4"}
