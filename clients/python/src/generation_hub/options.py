"""How a client of the hub behaves: where it calls, how long it waits, how often it tries again."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from generation_hub.errors import Misconfigured

URL_VARIABLE = "AI_GENERATION_HUB_URL"
KEY_VARIABLE = "AI_GENERATION_HUB_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """In seconds. A wait or an upload is not bounded by `read` as a whole: it bounds each silence on the connection."""

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 30.0
    events: float = 45.0
    """Silence in a stream of events, in which the hub says something every 15 seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a request is sent again: after a broken connection, 429, 502, 503, 504, and 409 for a key in progress.

    Only what can be repeated is: reads, deletions, and what has an Idempotency-Key. The pauses double from
    `first_pause` up to `longest_pause`, less up to half by chance. A `Retry-After` is honoured up to
    `longest_retry_after`; above it the error is raised at once.
    """

    attempts: int = 5
    first_pause: float = 0.5
    longest_pause: float = 20.0
    longest_retry_after: float = 60.0

    def pause(self, attempt: int, retry_after: float | None = None) -> float | None:
        """Seconds after the attempt of that number (from 1); None when the hub wants more than may be waited."""
        if retry_after is not None:
            # A little more, so that all who were told the same moment do not come at once.
            within = retry_after <= self.longest_retry_after
            return retry_after * random.uniform(1.0, 1.1) if within else None
        return _grown(self.first_pause, 2.0, attempt, self.longest_pause) * random.uniform(0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """How an end is awaited: the hub is asked to hold its answer for `hold` seconds (1 to 60) at a time.

    25 is less than what proxies commonly allow. A hub that does not hold is asked again and again, with pauses that
    grow by half from `first_pause` up to `longest_pause`, each up to a fifth shorter or longer by chance.
    """

    hold: int = 25
    first_pause: float = 0.5
    longest_pause: float = 10.0

    def pause(self, number: int) -> float:
        """Seconds before the poll after the one of that number (from 1)."""
        return _grown(self.first_pause, 1.5, number, self.longest_pause) * random.uniform(0.8, 1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All of it. The API key is no part of the repr."""

    base_url: str
    api_key: str = field(repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: Retry = field(default_factory=Retry)
    polling: Polling = field(default_factory=Polling)

    def url(self, path: str) -> str:
        """The address of a route of version 1."""
        return f"{self.base_url}/api/v1{path}"


def options_of(
    base_url: str | None, api_key: str | None, timeouts: Timeouts | None, retry: Retry | None, polling: Polling | None
) -> Options:
    """What is None comes from the environment, or is as it is by default. Raises Misconfigured."""
    return Options(
        base_url=_url(base_url or os.environ.get(URL_VARIABLE, "")),
        api_key=_key(api_key or os.environ.get(KEY_VARIABLE, "")),
        timeouts=timeouts or Timeouts(),
        retry=retry or Retry(),
        polling=polling or Polling(),
    )


def _grown(first: float, factor: float, number: int, longest: float) -> float:
    # No pause needs more than so many steps; beyond them a float would be too small for the power, some day.
    return min(first * factor ** min(number - 1, 64), longest)


def _url(given: str) -> str:
    if not given:
        raise Misconfigured(f"Give the hub's address as `base_url`, or set {URL_VARIABLE}.")
    if urlsplit(given).scheme not in ("http", "https") or not urlsplit(given).hostname:
        raise Misconfigured("The hub's address must begin with https:// or http:// and name a host.")
    return given.rstrip("/").removesuffix("/api/v1")


def _key(given: str) -> str:
    if not given:
        raise Misconfigured(f"Give an API key as `api_key`, or set {KEY_VARIABLE}.")
    if not given.isascii() or not given.isprintable() or " " in given:
        raise Misconfigured("The API key holds characters that no key has.")
    return given
