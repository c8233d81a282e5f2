"""How facts are written into an audit entry, and the one text of an entry and of a seal that is hashed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID


class ExactEncoder(json.JSONEncoder):
    """JSON with amounts, ids and moments as text, whole: Django's own encoder cuts a moment to milliseconds."""

    def default(self, o: Any) -> Any:
        """Text for Decimal, UUID, datetime and date; TypeError for anything else that JSON does not know."""
        if isinstance(o, Decimal | UUID):
            return str(o)
        if isinstance(o, datetime.datetime | datetime.date):
            return o.isoformat()
        return super().default(o)


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one text of a JSON object: keys sorted by code point, no spaces, UTF-8, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def moment_text(moment: datetime.datetime) -> str:
    """UTC with six digits behind the point and a Z."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
