"""The log of slow statements: their form, never their values."""

from __future__ import annotations

import logging
from typing import Any

from hub.metrics.catalogue import SLOW_QUERIES
from hub.metrics.statements import fingerprint, normalised

logger = logging.getLogger("hub.slow_queries")


def log(sql: Any, *, verb: str, seconds: float) -> None:
    """One line with the form of the statement, how long it took, and a fingerprint by which the same ones are found."""
    SLOW_QUERIES.labels(verb).inc()
    form = normalised(sql)
    facts = {"milliseconds": round(seconds * 1000), "verb": verb, "fingerprint": fingerprint(form), "sql": form}
    logger.warning("slow query", extra=facts)
