"""Everything the SDK raises becomes one ProviderError here, and nowhere else.

The SDK has two families without a common base: `errors.APIError`, and `_interactions.APIError` for interactions.
Transport errors of the first come out as they are (httpx2), of the second wrapped; an answer that is valid JSON of the
wrong shape surfaces as whatever the SDK's own code trips over (TypeError, AttributeError, pydantic's ValidationError).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import google.auth.exceptions
import httpx2
import requests
from google.genai import _interactions, errors

from generations.providers import answers, clients
from generations.providers.base import Billed, ProviderError, ProviderRequest

logger = logging.getLogger(__name__)

# Raised while a connection was being made: not one byte of the request has left.
_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    httpx2.LocalProtocolError,
    requests.ConnectTimeout,
)
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, httpx2.DecodingError, httpx2.TooManyRedirects)
_FROM_THE_SDK = (
    errors.APIError,
    _interactions.APIError,
    google.auth.exceptions.GoogleAuthError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    requests.RequestException,
    *_UNREADABLE,
)

_BY_STATUS: dict[int, tuple[str, bool]] = {
    400: ("provider_invalid_request", False),
    401: ("provider_denied", False),
    403: ("provider_denied", False),
    404: ("provider_model_unavailable", False),
    408: ("provider_timeout", True),
    409: ("provider_error", True),
    429: ("provider_rate_limited", True),
    500: ("provider_error", True),
    502: ("provider_unavailable", True),
    503: ("provider_unavailable", True),
    504: ("provider_timeout", True),
}
_MESSAGES = {
    "provider_request_unsupported": "The hub could not put this request to the provider; it was not sent.",
    "provider_invalid_request": "The provider refused the request as invalid.",
    answers.PROMPT_REFUSED: "The provider refused the prompt.",
    answers.OUTPUT_REFUSED: "The provider withheld what it had made.",
    "provider_denied": "The provider refused the hub's credentials.",
    "provider_model_unavailable": "The provider does not offer this model.",
    "provider_operation_lost": "The provider no longer knows this piece of work.",
    "provider_timeout": "The provider did not answer in time.",
    "provider_rate_limited": "The provider is receiving too many requests.",
    "provider_unavailable": "The provider is not available at the moment.",
    "provider_error": "The provider had an internal error.",
    "provider_unreachable": "The provider could not be reached.",
    "provider_connection_lost": "The connection to the provider was lost before its answer was complete.",
    "provider_bad_answer": "The provider's answer could not be understood.",
}


@contextmanager
def paid_call(request: ProviderRequest) -> Iterator[None]:
    """Around the one call that starts work. An answer that is an error is not billed; a lost answer may be."""
    with clients.watched() as sent:
        try:
            yield
        except _FROM_THE_SDK as error:
            unsent = isinstance(error, _UNREADABLE) and not sent()
            translated = _error("provider_request_unsupported") if unsent else _of_paid_call(error, request)
            # Without a cause: the SDK's texts quote the answer, the URL, even the prompt, and tracebacks reach logs.
            raise _noted(error, translated) from None


@contextmanager
def free_call() -> Iterator[None]:
    """Around a look at work that was started before: free, and may be repeated; the work itself may be billed."""
    try:
        yield
    except _FROM_THE_SDK as error:
        raise _noted(error, _of_free_call(error)) from None


@contextmanager
def reading() -> Iterator[None]:
    """Around the reading of an answer: the SDK passes values of a wrong type on, and a reader stumbles over them."""
    try:
        yield
    except _UNREADABLE as error:
        raise _noted(error, bad_answer()) from None


def bad_answer(message: str = "") -> ProviderError:
    """An answer without what was asked for and without a reason why; the work may have been done."""
    return _error("provider_bad_answer", detail=message, retryable=True, billed=Billed.UNKNOWN)


def _noted(error: Exception, translated: ProviderError) -> ProviderError:
    kind = type(error).__name__
    logger.info("provider call failed: %s, from %s, status %s", translated.code, kind, translated.status)
    return translated


def _of_paid_call(error: Exception, request: ProviderRequest) -> ProviderError:
    status = answers.status_of(error)
    if status is None:
        return _of_transport(_cause(error))
    body = answers.body_of(error)
    code, retryable = _code(status)
    detail = answers.explanation(body, request) if code == "provider_invalid_request" else ""
    if status == 400 and answers.is_bad_key(body):
        code, detail = "provider_denied", ""
    elif code == "provider_invalid_request" and answers.is_safety(message=answers.message_of(body)):
        code, detail = answers.refused_stage(answers.message_of(body)), ""
    # A 5xx page that is not Google's comes from something in between, which cannot know what Google did.
    unknown = not 400 <= status < 600 or (status >= 500 and not answers.is_googles(body))
    billed = Billed.UNKNOWN if unknown else Billed.NO
    wish = answers.retry_after(error, body)
    return _error(code, detail=detail, retryable=retryable, retry_after=wish, billed=billed, status=status)


def _of_free_call(error: Exception) -> ProviderError:
    status = answers.status_of(error)
    if status is None:
        lost = _of_transport(_cause(error))
        return _error(lost.code, retryable=lost.code != "provider_denied", billed=Billed.UNKNOWN)
    code, retryable = ("provider_operation_lost", False) if status == 404 else _code(status)
    wish = answers.retry_after(error, answers.body_of(error))
    return _error(code, retryable=retryable, retry_after=wish, billed=Billed.UNKNOWN, status=status)


def _code(status: int) -> tuple[str, bool]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return "provider_invalid_request", False
    if 500 <= status < 600:
        return "provider_error", True
    return "provider_bad_answer", True


def _cause(error: Exception) -> Exception:
    """The transport's own error under the one that the interactions client wraps around it."""
    if isinstance(error, _interactions.APIError) and isinstance(error.__cause__, Exception):
        return error.__cause__
    return error


def _of_transport(error: Exception) -> ProviderError:
    if isinstance(error, _NEVER_SENT):
        return _error("provider_unreachable", retryable=True)
    if isinstance(error, google.auth.exceptions.TransportError):
        return _error("provider_unreachable", retryable=True)
    if isinstance(error, google.auth.exceptions.GoogleAuthError):
        return _error("provider_denied")
    if isinstance(error, httpx2.TimeoutException | requests.Timeout | _interactions.APITimeoutError):
        return _error("provider_timeout", retryable=True, billed=Billed.UNKNOWN)
    if isinstance(error, _UNREADABLE) and not isinstance(error, requests.RequestException):
        return bad_answer()
    if isinstance(error, httpx2.HTTPError | requests.RequestException | _interactions.APIConnectionError):
        return _error("provider_connection_lost", retryable=True, billed=Billed.UNKNOWN)
    return bad_answer()


def _error(
    code: str,
    *,
    detail: str = "",
    retryable: bool = False,
    retry_after: float | None = None,
    billed: Billed = Billed.NO,
    status: int | None = None,
) -> ProviderError:
    message = f"{_MESSAGES[code]} {detail}".strip()
    return ProviderError(code, message, retryable=retryable, retry_after=retry_after, billed=billed, status=status)
