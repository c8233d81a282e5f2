"""Every code that a generation can end with instead of a result: what docs/ERRORS.md says of its `error`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generations.models import Generation

FAILED, BLOCKED = Generation.Status.FAILED.value, Generation.Status.BLOCKED.value


@dataclass(frozen=True, slots=True)
class Ending:
    """One code, as a client reads about it. `charged` is "no", or how much is; `has_text`: `outputs` is not empty."""

    meaning: str
    is_retryable: bool
    status: str = FAILED
    charged: str = "no"
    has_text: bool = False


ENDINGS: Mapping[str, Ending] = {
    "blocked_prompt": Ending("The provider refused the prompt for safety.", False, BLOCKED),
    "blocked_output": Ending(
        "The provider withheld what it had made for safety.", False, BLOCKED, "text: what it wrote; others: no"
    ),
    "provider_invalid_request": Ending("The provider refused the request as invalid.", False),
    "provider_request_unsupported": Ending("The hub could not put the request to the provider; not sent.", False),
    "provider_denied": Ending("The provider refused the hub's credentials.", False),
    "provider_not_configured": Ending("The hub has no credentials for the provider; nothing was sent.", False),
    "provider_model_unavailable": Ending("The provider does not offer the model.", False),
    "provider_rate_limited": Ending("The provider was receiving too many requests, each time it was asked.", True),
    "provider_unavailable": Ending("The provider was not available, each time it was asked.", True),
    "provider_error": Ending("The provider had an internal error, each time it was asked.", True),
    "provider_timeout": Ending("The provider said that it could not answer in time, each time it was asked.", True),
    "provider_unreachable": Ending("The provider could not be reached; nothing was sent.", True),
    "provider_operation_failed": Ending("The provider began the work and could not finish it.", False),
    "operation_timeout": Ending("The provider did not finish in time; the hub gave up.", True),
    "outcome_unknown": Ending(
        "The provider's answer was lost, so nobody can say whether the work was done. It is not sent again.", True
    ),
    "stream_broken": Ending(
        "The provider's text broke off in the middle; what had come is in `outputs`. It is not sent again.",
        True,
        charged="as far as the provider had counted",
        has_text=True,
    ),
    "input_gone": Ending("A file that the generation works with is gone from storage; nothing was sent.", False),
    "input_unavailable": Ending("A file that the generation works with could not be read; nothing was sent.", True),
}


def markdown() -> str:
    """The section of docs/ERRORS.md."""
    head = "| `error.code` | status | charged | retryable | meaning |\n|---|---|---|---|---|\n"
    return _INTRODUCTION + head + "".join(_rows())


def _rows() -> Iterator[str]:
    for code, ending in ENDINGS.items():
        retryable = "yes" if ending.is_retryable else "no"
        yield f"| `{code}` | {ending.status} | {ending.charged} | {retryable} | {ending.meaning} |\n"


_INTRODUCTION = """
## What a generation ends with

A generation that was taken and did not succeed is no problem document: `GET /api/v1/generations/{id}` answers 200, with
`status` `failed` or `blocked` and an `error` of `code`, `message`, `stage`, `charged` and `retryable`. The codes never
change. `retryable` says whether the same request may succeed later; the hub has then tried it as often as it may.

"""
