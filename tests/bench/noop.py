"""A Celery task that does nothing, on the hub's own broker and with its settings: what the carrying alone costs."""

from __future__ import annotations

from hub.celery import app

QUEUE = "bench"


@app.task(name="bench.noop")
def noop(**_: object) -> None:
    """Nothing; a second run does nothing again."""
