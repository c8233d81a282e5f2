"""What happens to a job, told at once to whoever follows it: its changes of status, and its text as it comes.

Each job has a log in Redis (a stream) and a bell (a channel of the same name). Both are a convenience: PostgreSQL says
what is true, a follower that hears nothing looks there, and a Redis that is away costs a follower seconds and nobody
anything else. So nothing here raises when Redis is away, and everything here is forgotten after `KEPT_SECONDS`.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import redis
from django.db import transaction

from hub.common.keyring import seal, unseal
from hub.common.redis import redis_client

logger = logging.getLogger(__name__)

KEPT_SECONDS = 3600
LONGEST_LOG = 20_000
PURPOSE = "live.text"
# The two sorts of entries: {STATUS: the new one} and {TEXT: a sealed piece}.
STATUS, TEXT = "status", "text"
# As Redis gives it: each entry's id and fields.
Log = list[tuple[str, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text as the provider sent it, and what it had counted until then (None: it did not say)."""

    text: str
    units: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """All pieces of one job so far; `units` is the provider's last count."""

    texts: tuple[str, ...] = ()
    units: Mapping[str, int] | None = None


def key_of(generation_id: UUID) -> str:
    """The name of a job's log and of its bell."""
    return f"hub:live:{generation_id}"


def tell(*, generation_id: UUID, status: str) -> None:
    """Logs a status that is committed, and rings. Telling it twice is harmless."""
    _add(generation_id, {STATUS: status})


def tell_on_commit(*, generation_id: UUID, status: str) -> None:
    """Tells it once it is true."""
    transaction.on_commit(lambda: tell(generation_id=generation_id, status=status), robust=True)


def add_text(*, generation_id: UUID, text: str, units: Mapping[str, int] | None = None) -> None:
    """Logs one piece of the text, sealed, and rings. A second call adds a second piece."""
    _add(generation_id, {TEXT: sealed(Piece(text, units))})


def received(*, generation_id: UUID) -> Received:
    """What was added until now; empty when nothing was, or when Redis is away or was emptied."""
    try:
        entries = cast(Log, redis_client().xrange(key_of(generation_id)))
    except redis.RedisError as error:
        logger.warning("the text of job %s cannot be read again: %s", generation_id, type(error).__name__)
        return Received()
    pieces = [opened(fields[TEXT]) for _, fields in entries if TEXT in fields]
    counts = [piece.units for piece in pieces if piece.units is not None]
    return Received(tuple(piece.text for piece in pieces), counts[-1] if counts else None)


def sealed(piece: Piece) -> str:
    """The piece as it lies in Redis, where nothing of a user's may be read."""
    plain = json.dumps({"text": piece.text, "units": None if piece.units is None else dict(piece.units)})
    return base64.b64encode(seal(plain.encode(), purpose=PURPOSE)).decode()


def opened(value: str) -> Piece:
    """What `sealed` was given; raises hub.common.keyring.KeyringError."""
    return Piece(**json.loads(unseal(base64.b64decode(value), purpose=PURPOSE)))


def _add(generation_id: UUID, fields: dict[Any, Any]) -> None:
    key = key_of(generation_id)
    commands = redis_client().pipeline(transaction=False)
    commands.xadd(key, fields, maxlen=LONGEST_LOG, approximate=True)
    commands.expire(key, KEPT_SECONDS)
    commands.publish(key, "")
    try:
        commands.execute()
    except redis.RedisError as error:
        logger.info("followers of job %s were not told: %s", generation_id, type(error).__name__)
