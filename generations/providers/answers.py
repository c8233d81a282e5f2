"""Reads what a provider's error answer says: its status, its wish to be asked later, and what a user may be told."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from django.conf import settings
from google.genai import _interactions, errors

from generations.providers.base import ProviderRequest

PROMPT_REFUSED = "provider_prompt_refused"
OUTPUT_REFUSED = "provider_output_refused"
LONGEST_WISH_SECONDS = 24 * 3600.0
LONGEST_EXPLANATION = 300
# Of a provider's words so many are looked at, and so many characters in a row make them a repetition of the user's.
LONGEST_HEARD = 2000
LONGEST_REPEATED = 16
SHORTEST_PRIVATE = 9

# Google's refusals by policy have no code of their own on some routes: an INVALID_ARGUMENT whose text says what it is.
_SAFETY_TEXT = re.compile(
    r"responsible ai|usage guidelines|sensitive words|support codes?:|"
    r"(?:content|usage|safety) (?:polic|filter|reason|guideline)|prohibited (?:content|use)|(?:was|were|been) blocked",
    re.IGNORECASE,
)
_OF_OUTPUT = re.compile(r"responses? w|output|recitation|filtered out", re.IGNORECASE)
_SAFETY_CODE = re.compile(r"safety|blocked|prohibited|polic|filtered|recitation", re.IGNORECASE)
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s?")
_PRIVATE = re.compile(
    r"\S+://\S+|\bAIza[\w-]+|\bAQ\.[\w-]+|\bya29\.[\w.-]+|\bBearer\s+\S+|\"[^\"]*\"|“[^”]*”|`[^`]*`|(?<!\w)'[^']*'(?!\w)"
)


def status_of(error: Exception) -> int | None:
    """The HTTP status of the answer; None when no complete answer came, or one that is no error but cannot be read."""
    if isinstance(error, errors.APIError):
        return error.code if isinstance(error.code, int) else None
    if isinstance(error, _interactions.APIResponseValidationError):
        return None
    if isinstance(error, _interactions.APIError):
        return error.status_code
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code
    return None


def body_of(error: Exception) -> Mapping[str, Any]:
    """The parsed body, empty when it is no JSON object."""
    body: object = None
    if isinstance(error, errors.APIError):
        body = error.details
    elif isinstance(error, _interactions.APIError):
        body = error.body
    return body if isinstance(body, dict) else {}


def is_googles(body: Mapping[str, Any]) -> bool:
    """Whether the body has the shape of Google's errors, on either family of routes."""
    return isinstance(body.get("error"), dict)


def message_of(body: Mapping[str, Any]) -> str:
    """The provider's own words, not fit to be shown."""
    return str(body["error"].get("message") or "") if is_googles(body) else ""


def is_safety(*, code: str = "", message: str = "") -> bool:
    """Whether a refusal was made for what the prompt or the output is about."""
    return bool(_SAFETY_CODE.search(code) or _SAFETY_TEXT.search(message))


def refused_stage(message: str) -> str:
    """Which of the two refusals for safety the words are about."""
    return OUTPUT_REFUSED if _OF_OUTPUT.search(message) else PROMPT_REFUSED


def is_bad_key(body: Mapping[str, Any]) -> bool:
    """Google answers 400, not 401, to a key it does not know."""
    return any(detail.get("reason") == "API_KEY_INVALID" for detail in _details(body))


def explanation(body: Mapping[str, Any], request: ProviderRequest) -> str:
    """The provider's words without URLs, keys and quoted stretches; nothing at all when they repeat what is private."""
    said = message_of(body)
    private = [request.prompt, *(value for value in request.parameters.values() if isinstance(value, str))]
    private += [settings.GEMINI_API_KEY or "", settings.VERTEX_API_KEY or ""]
    if any(_repeats(said, words) for words in private):
        return ""
    return " ".join(_PRIVATE.sub("…", said[:LONGEST_HEARD]).split())[:LONGEST_EXPLANATION]


def _repeats(said: str, private: str) -> bool:
    """Whether a stretch of the second is in the first, wherever it begins; of a short one all of it."""
    stretch = min(LONGEST_REPEATED, len(private))
    if stretch < SHORTEST_PRIVATE:
        return False
    heard = said[:LONGEST_HEARD]
    return any(heard[at : at + stretch] in private for at in range(len(heard) - stretch + 1))


def retry_after(error: Exception, body: Mapping[str, Any]) -> float | None:
    """Seconds until the provider wants to be asked again: RetryInfo in the body, else the header Retry-After."""
    for detail in _details(body):
        if str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            return _seconds(detail.get("retryDelay"))
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    wish = headers.get("retry-after")
    return _seconds(wish) if wish is None or _SECONDS.fullmatch(wish.strip()) else _until(wish)


def _details(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = body["error"].get("details") if is_googles(body) else None
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _seconds(wish: object) -> float | None:
    match = _SECONDS.fullmatch(wish.strip()) if isinstance(wish, str) else None
    return min(float(match.group(1)), LONGEST_WISH_SECONDS) if match else None


def _until(wish: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(wish)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WISH_SECONDS)
