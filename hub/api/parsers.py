"""Bodies: bounded, and JSON as RFC 8259 has it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from hub.common.errors import HubError


class BodyTooLarge(HubError):
    """The body is larger than the hub takes."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"


class StrictJSONParser(BaseParser):
    """A JSON object in UTF-8, at most MAX_BODY_BYTES long; NaN, doubled names and other top levels are refused."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        text = _decoded(_bounded(stream))
        try:
            data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_names)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


def _bounded(stream: IO[bytes]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        body = stream.read(limit + 1)
    except RequestDataTooBig as error:
        raise _too_large(limit) from error
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.", limit_bytes=limit)


def _decoded(body: bytes) -> str:
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.") from error
    if "\\u0000" in text or "\x00" in text:
        # PostgreSQL's text cannot hold it, and no field has a use for it.
        raise ParseError("The body holds a NUL character.")
    return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return data
