"""The queries that a hub lives by, by name: each app says which of its own functions they are.

An app's `named_queries.py` has one `QUERIES`; the setting NAMED_QUERIES names the modules. What is explained is what
the product does: an entry calls the app's own function, and the statements that this sends are taken on their way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from uuid import UUID

from django.conf import settings

from hub.common.errors import HubError


class Sort(StrEnum):
    """Who waits for it."""

    LOOKUP = "lookup"
    USER = "user"
    ANALYTICS = "analytics"
    ADMIN = "admin"
    UPKEEP = "upkeep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is asked for: ids that are there, and moments. The account is one of those that use the hub most."""

    user_id: UUID
    email: str
    key_id: UUID
    prefix: str
    generation_id: UUID
    queued_id: UUID
    media_id: UUID
    endpoint_id: UUID
    now: datetime
    month: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedQuery:
    """One of them. `run` calls `source`, the function of the product that the entry is about."""

    name: str
    sort: Sort
    source: str
    run: Callable[[Sample], object]


def query(sort: Sort, name: str, function: Callable[..., object], run: Callable[[Sample], object]) -> NamedQuery:
    """The entry for `function`, whose source is where it says."""
    return NamedQuery(name=name, sort=sort, source=f"{function.__module__}.{function.__qualname__}", run=run)


def if_there(read: Callable[[], object]) -> object:
    """What it reads; None where the product refuses, as of an id of nothing, or without a price."""
    try:
        return read()
    except HubError:
        return None


def named_queries() -> list[NamedQuery]:
    """Those of every app, in the order of the setting."""
    modules = (import_module(path) for path in settings.NAMED_QUERIES)
    return [each for module in modules for each in module.QUERIES]
