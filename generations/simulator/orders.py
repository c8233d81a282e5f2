"""What a request asks for, read from either of its wire forms into one Order."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generations.simulator.errors import Refusal
from generations.simulator.media.images import EDGE
from generations.simulator.models import Maker, Model
from generations.simulator.usage import VIDEO_TOKENS_PER_SECOND, file_tokens, text_tokens

CACHED_CONTENT_TOKENS = 2048
OMNI_SECONDS = range(3, 16)
_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?")


@dataclass(frozen=True, slots=True)
class Order:
    """`tokens` are the prompt's, by modality; `thinking` is a level ("low") or a budget in tokens."""

    model: Model
    prompt: str
    tokens: Mapping[str, int]
    cached: int = 0
    seed: str = ""
    count: int = 1
    max_output_tokens: int | None = None
    thinking: str | int | None = None
    include_thoughts: bool = False
    stop: tuple[str, ...] = ()
    json: bool = False
    schema: dict[str, Any] | None = None
    with_text: bool = True
    aspect_ratio: str = "1:1"
    image_size: str = "1K"
    mime_type: str = "image/png"
    seconds: int = 8
    resolution: str = "720p"
    by_uri: bool = False
    # What tells the files of one request from those of another; "" for none.
    files: str = ""


@dataclass
class _Input:
    """Texts and files of a request, gathered."""

    model: str
    texts: list[str] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    tokens: Counter[str] = field(default_factory=Counter)
    digest: str = ""

    def add_file(self, mime_type: str, data: object) -> None:
        content = None if data is None else decoded(data)
        self.tokens.update(file_tokens(self.model, mime_type, content))
        self.digest = hashlib.sha256(self.digest.encode() + (content or b"")).hexdigest()[:16]

    def counted(self, model: Model) -> dict[str, int]:
        """Tokens by modality; refuses an input without text or above the model's limit."""
        self.tokens["TEXT"] = sum(map(text_tokens, self.texts + self.system))
        if not self.tokens["TEXT"]:
            raise Refusal(400, "The request contains no text: it must have a prompt.")
        if self.tokens.total() > model.input_limit:
            raise Refusal(
                400, f"The input token count exceeds the maximum number of tokens allowed, {model.input_limit}."
            )
        return dict(self.tokens)


def of_generate(model: Model, body: Mapping[str, Any]) -> Order:
    """From generateContent and its kin. Raises Refusal (400)."""
    config: Mapping[str, Any] = body.get("generation_config") or {}
    if not body.get("contents"):
        raise Refusal(400, "* GenerateContentRequest.contents: contents is not specified")
    given = _Input(model.id)
    given.system += [part["text"] for part in _parts(body.get("system_instruction") or []) if "text" in part]
    for part in _parts(body["contents"]):
        _take_part(given, part)
    cached = CACHED_CONTENT_TOKENS if body.get("cached_content") else 0
    tokens = given.counted(model)
    thinking: Mapping[str, Any] = config.get("thinking_config") or {}
    image: Mapping[str, Any] = config.get("image_config") or {}
    return Order(
        model=model,
        prompt="\n".join(given.texts),
        tokens=tokens | {"TEXT": tokens["TEXT"] + cached},
        cached=cached,
        files=given.digest,
        count=_number(config, "candidate_count", default=1, most=8),
        include_thoughts=bool(thinking.get("include_thoughts")),
        thinking=thinking.get("thinking_budget", thinking.get("thinking_level")),
        json=config.get("response_mime_type") == "application/json",
        schema=config.get("response_schema") or config.get("response_json_schema"),
        with_text="TEXT" in (config.get("response_modalities") or ["TEXT"]),
        mime_type=(image.get("image_output_options") or {}).get("mime_type", "image/png"),
        **_common(config),
        **_picture(image),
    )


def of_interaction(model: Model, body: Mapping[str, Any]) -> Order:
    """From interactions.create. Raises Refusal (400)."""
    config: Mapping[str, Any] = body.get("generation_config") or {}
    given = _Input(model.id, system=[body["system_instruction"]] if body.get("system_instruction") else [])
    for content in _contents(body.get("input") or []):
        _take_content(given, content)
    tokens = given.counted(model)
    formats = body.get("response_format") or {}
    wanted: Mapping[str, Any] = (formats[0] if formats else {}) if isinstance(formats, list) else formats
    if model.kind == "music" and wanted.get("mime_type"):
        raise Refusal(400, f"response_format.mime_type is not supported for {model.id}.")
    return Order(
        model=model,
        prompt="\n".join(given.texts),
        tokens=tokens,
        files=given.digest,
        thinking=config.get("thinking_level"),
        include_thoughts=config.get("thinking_summaries") == "auto",
        json=wanted.get("mime_type") == "application/json",
        schema=wanted.get("schema"),
        mime_type=wanted.get("mime_type", "image/png"),
        by_uri=wanted.get("delivery") == "uri",
        **_common(config),
        **(_footage(wanted) if model.maker is Maker.OMNI else _picture(wanted)),
    )


def _common(config: Mapping[str, Any]) -> dict[str, Any]:
    cap = config.get("max_output_tokens")
    return {
        "seed": str(config.get("seed", "")),
        "max_output_tokens": None if cap is None else _number(config, "max_output_tokens", default=1, most=65_536),
        "stop": tuple(config.get("stop_sequences") or ()),
    }


def _number(source: Mapping[str, Any], name: str, *, default: int, most: int) -> int:
    value = source.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise Refusal(400, f"Unable to submit request because {name} must be between 1 and {most}, it was {value!r}.")
    return value


def one_of(source: Mapping[str, Any], name: str, allowed: Iterable[Any], default: Any) -> Any:
    """`source[name]`, or the default when it is absent; raises Refusal (400) for any other value."""
    value, choices = source.get(name, default), list(allowed)
    if value not in choices:
        raise Refusal(400, f"Invalid value for {name}: {value!r}. Supported values: {', '.join(map(str, choices))}.")
    return value


def _picture(wanted: Mapping[str, Any]) -> dict[str, Any]:
    ratio = wanted.get("aspect_ratio", "1:1")
    if not isinstance(ratio, str) or not _RATIO.fullmatch(ratio):
        raise Refusal(400, f"Invalid value for aspect_ratio: {ratio!r}.")
    return {"aspect_ratio": ratio, "image_size": one_of(wanted, "image_size", EDGE, "1K")}


def _footage(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "aspect_ratio": one_of(wanted, "aspect_ratio", ("16:9", "9:16"), "16:9"),
        "resolution": one_of(wanted, "resolution", VIDEO_TOKENS_PER_SECOND, "720p"),
        "seconds": int(one_of(wanted, "duration", [f"{seconds}s" for seconds in OMNI_SECONDS], "8s")[:-1]),
    }


def _parts(contents: Any) -> Iterator[Mapping[str, Any]]:
    """Parts of a content, of a list of contents, or of a bare text."""
    if isinstance(contents, str):
        yield {"text": contents}
    elif isinstance(contents, list):
        for content in contents:
            yield from _parts(content)
    elif isinstance(contents, dict):
        yield from _parts(contents["parts"]) if "parts" in contents else [contents]


def _take_part(given: _Input, part: Mapping[str, Any]) -> None:
    if "text" in part:
        given.texts.append(str(part["text"]))
    for name in ("inline_data", "file_data"):
        if name in part:
            given.add_file(part[name].get("mime_type", ""), part[name].get("data"))


def _contents(input_: Any) -> Iterator[Mapping[str, Any]]:
    """Content blocks of an interaction's input: a text, blocks, steps or turns."""
    if isinstance(input_, str):
        yield {"type": "text", "text": input_}
    elif isinstance(input_, list):
        for item in input_:
            yield from _contents(item)
    elif isinstance(input_, dict):
        yield from _contents(input_["content"]) if "content" in input_ else [input_]


def _take_content(given: _Input, content: Mapping[str, Any]) -> None:
    if content.get("type") == "text":
        given.texts.append(str(content.get("text", "")))
    elif content.get("type") in {"image", "audio", "video", "document"}:
        given.add_file(str(content.get("mime_type") or content["type"]), content.get("data"))


def decoded(data: object) -> bytes:
    """Base64 in either alphabet; raises Refusal (400)."""
    try:
        return base64.b64decode(str(data).translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error:
        raise Refusal(400, "Invalid value for data: Base64 decoding failed.") from None


def prompt_of(body: Mapping[str, Any]) -> str:
    """Every text a request carries for the model, however malformed the rest is: where fault markers are looked for."""
    texts = [part.get("text") for part in _parts(body.get("contents") or [])]
    texts += [content.get("text") for content in _contents(body.get("input") or [])]
    instances = body.get("instances")
    texts += [item.get("prompt") for item in instances if isinstance(item, dict)] if isinstance(instances, list) else []
    return "\n".join(text for text in texts if isinstance(text, str))
