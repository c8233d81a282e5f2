"""Adapters by the names that the catalogue uses."""

from __future__ import annotations

from functools import cache

from django.utils.module_loading import import_string

from generations.providers.base import Adapter

ADAPTERS = {
    "gemini": "generations.providers.gemini.GeminiAdapter",
    "interactions": "generations.providers.interactions.InteractionsAdapter",
    "vertex": "generations.providers.vertex.VertexAdapter",
}


@cache
def adapter(name: str) -> Adapter:
    """The one adapter of this name in this process; KeyError for a name that the catalogue would have refused.

    Imported when first asked for: the SDK costs 50 MB and half a second, which a web process never needs.
    """
    made: Adapter = import_string(ADAPTERS[name])()
    return made
