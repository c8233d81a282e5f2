"""What somebody counted in the database, kept in Redis with its time. Every function raises redis.RedisError."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from hub.common.redis import impatient_client
from hub.metrics.catalogue import COUNTED_AT, Gauge
from hub.metrics.store import Sample

FIGURES_KEY = "hub:metrics:figures"


def keep(samples: Iterable[Sample], *, at: float) -> None:
    """In place of those before. Of a gauge in `AGES` the value is the moment of birth, 0 for none."""
    content = {"at": at, "samples": [[sample.name, sample.labels, sample.value] for sample in samples]}
    impatient_client().set(FIGURES_KEY, json.dumps(content))


def kept_at() -> float:
    """When they were counted, in seconds since 1970; 0 when they never were."""
    return _content()[0]


def read(*, ages: Iterable[Gauge]) -> list[Sample]:
    """As they were counted; ages are those of now."""
    at, samples = _content()
    if not at:
        return []
    now, births = time.time(), {gauge.name for gauge in ages}
    return [
        Sample(COUNTED_AT.name, {}, at),
        *(each._replace(value=_age(each.value, now)) if each.name in births else each for each in samples),
    ]


def _age(birth: float, now: float) -> float:
    return max(now - birth, 0.0) if birth else 0.0


def _content() -> tuple[float, list[Sample]]:
    raw = impatient_client().get(FIGURES_KEY)
    if not raw:
        return 0.0, []
    content = json.loads(str(raw))
    return float(content["at"]), [Sample(*each) for each in content["samples"]]
