"""Adapters by the names that the catalogue uses."""

from __future__ import annotations

import threading
from functools import cache

from django.utils.module_loading import import_string

from generations.providers.base import Adapter
from generations.providers.measured import MeasuredAdapter

ADAPTERS = {
    "gemini": "generations.providers.gemini.GeminiAdapter",
    "interactions": "generations.providers.interactions.InteractionsAdapter",
    "vertex": "generations.providers.vertex.VertexAdapter",
}


_lock = threading.Lock()


def adapter(name: str) -> Adapter:
    """The one adapter of this name in this process; KeyError for a name that the catalogue would have refused.

    Imported when first asked for: the SDK costs 50 MB and half a second, which a web process never needs. One thread at
    a time: the SDK's modules import one another in circles, and two threads that enter at two points deadlock.
    """
    with _lock:
        return _made(name)


def prepare() -> None:
    """Imports every adapter now, in one thread: for a worker, before its threads begin."""
    for name in ADAPTERS:
        adapter(name).prepare()


@cache
def _made(name: str) -> Adapter:
    return MeasuredAdapter(name, import_string(ADAPTERS[name])())
