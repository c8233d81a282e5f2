"""What is left, what was used, and its sums."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict, Unpack

from generation_hub.encoding import Known
from generation_hub.exchange import pages
from generation_hub.options import Options
from generation_hub.plan import Flow
from generation_hub.shapes.account import Quota, UsageEntry, UsageSum
from generation_hub.shapes.common import Page

USAGE = "/usage"
EXPORT = f"{USAGE}/export"


class UsageFilters(TypedDict, total=False):
    """Which requests to providers. `created_after` is at or after, `created_before` before."""

    model: str | None
    kind: str | None
    outcome: str | None
    api_key: Known | None
    generation: Known | None
    tag: str | None
    created_after: datetime | None
    created_before: datetime | None


def quotas(options: Options) -> Flow[Page[Quota]]:
    """How much may be spent, and what is left."""
    return pages(options, Quota, "/quotas", {})


def list_(
    options: Options, *, limit: int | None = None, cursor: str | None = None, **filters: Unpack[UsageFilters]
) -> Flow[Page[UsageEntry]]:
    """The ledger, newest first; `limit` is the size of a page."""
    return pages(options, UsageEntry, USAGE, {**filters, "limit": limit, "cursor": cursor})


def summary(options: Options, *, group_by: Iterable[str] = (), **filters: Unpack[UsageFilters]) -> Flow[Page[UsageSum]]:
    """Sums by any of day, month, model, kind, api_key, tag (none: all in one); 31 days unless you say otherwise."""
    names = [group_by] if isinstance(group_by, str) else list(group_by)
    return pages(options, UsageSum, f"{USAGE}/summary", {**filters, "group_by": ",".join(names) or None})
