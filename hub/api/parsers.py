"""Bodies: bounded, and JSON as RFC 8259 has it."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from hub.common.errors import HubError

DEEPEST = 32
LONGEST_NUMBER = 40


class BodyTooLarge(HubError):
    """The body is larger than the hub takes."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"
    fact_names = {"limit_bytes": "the most that is taken"}


class StrictJSONParser(BaseParser):
    """A JSON object in UTF-8, at most MAX_BODY_BYTES long and DEEPEST levels deep.

    Refused are NaN and Infinity, names that stand twice, other top levels than an object, and what no text can hold.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        data = _decoded(_bounded(stream))
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        for value, depth in _values(data):
            if depth > DEEPEST:
                raise ParseError(_TOO_DEEP)
            if isinstance(value, str) and not _is_text(value):
                # PostgreSQL's text holds neither, and no field has a use for them.
                raise ParseError("The body holds a NUL character or half of a surrogate pair.")
        return data


_TOO_DEEP = f"The body is nested too deeply: {DEEPEST} levels are the most."


def _bounded(stream: IO[bytes]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        body = stream.read(limit + 1)
    except RequestDataTooBig as error:
        raise _too_large(limit) from error
    except UnreadablePostError as error:
        raise ParseError("The body ended before it was whole.") from error
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes; send a smaller one.", limit_bytes=limit)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(
            body.removeprefix(codecs.BOM_UTF8).decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_number,
            parse_int=_whole_number,
            object_pairs_hook=_unique_names,
        )
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.") from error
    except RecursionError as error:
        raise ParseError(_TOO_DEEP) from error
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(digits)


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return data


def _values(data: Any) -> Iterator[tuple[Any, int]]:
    """Everything in `data`, names included, with its depth; by a stack of its own, as the nesting is the client's."""
    waiting = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting.extend((inner, depth + 1) for inner in (*value.keys(), *value.values()))
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value)


def _is_text(value: str) -> bool:
    if "\x00" in value:
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
