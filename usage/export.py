"""The ledger as a file of whatever size, in constant memory: pages by key, one after the other, never a cursor of the
database (behind a pooler in transaction mode there is none)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from hub.common.money import text
from usage.enums import Unit
from usage.models import UsageLog

ROWS_AT_ONCE = 1000
COLUMNS: Mapping[str, str] = {
    "id": "id",
    "created_at": "created_at",
    "generation_id": "reference",
    "attempt_id": "attempt_id",
    "api_key_id": "api_key_id",
    "model": "model",
    "kind": "kind",
    "outcome": "outcome",
    "cost_usd": "cost",
    "estimate_usd": "estimate",
    "confirmed": "confirmed",
    "estimated": "estimated",
    "over_hold": "over_hold",
    "latency_ms": "latency_ms",
    "provider_request_id": "provider_request_id",
    "request_id": "request_id",
    "tags": "tags",
    "units": "units",
    "prices": "prices",
}
# A spreadsheet takes a cell that begins so for a formula; the wide forms are taken for the same by some.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CSV_HEAD = [*(name for name in COLUMNS if name not in ("units", "prices")), *Unit.values]

Record = dict[str, Any]


def as_jsonl(rows: QuerySet[UsageLog]) -> Iterator[bytes]:
    """One JSON object a line, oldest first; as the ledger's rows are shown by the API, with their tags."""
    for page in _pages(rows):
        yield "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in page).encode()


def as_csv(rows: QuerySet[UsageLog]) -> Iterator[bytes]:
    """RFC 4180 with a head, a column for each unit, tags joined by `|`; prices are in JSON Lines alone.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    yield _csv_lines([_CSV_HEAD])
    for page in _pages(rows):
        yield _csv_lines(_csv_cells(record) for record in page)


FORMATS: Mapping[str, tuple[str, Callable[[QuerySet[UsageLog]], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "jsonl": ("application/jsonl; charset=utf-8", as_jsonl),
}


def _pages(rows: QuerySet[UsageLog]) -> Iterator[list[Record]]:
    """Each row once, oldest first. Rows written meanwhile come if they are newer; the caller sets the end."""
    ordered = rows.order_by("created_at", "id").values_list(*COLUMNS.values())
    page = list(ordered[:ROWS_AT_ONCE])
    while page:
        yield [_record(row) for row in page]
        if len(page) < ROWS_AT_ONCE:
            return
        row_id, created_at = page[-1][:2]
        # The first condition is what the index is entered by, the second what tells apart rows of one moment.
        newer = Q(created_at__gt=created_at) | Q(id__gt=row_id)
        page = list(ordered.filter(newer, created_at__gte=created_at)[:ROWS_AT_ONCE])


def _record(row: tuple[Any, ...]) -> Record:
    return {name: _plain(value) for name, value in zip(COLUMNS, row, strict=True)} | {"tags": row[_TAGS_AT] or []}


_TAGS_AT = list(COLUMNS).index("tags")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value if value is None or isinstance(value, str | bool | int | list | dict) else str(value)


def _csv_cells(record: Record) -> list[Any]:
    units = record["units"]
    cells = {**record, "tags": "|".join(record["tags"]), **{unit: units.get(unit, 0) for unit in Unit.values}}
    return [_cell(cells[name]) for name in _CSV_HEAD]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _csv_lines(lines: Iterable[list[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode()
