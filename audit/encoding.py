"""How facts are written into an audit entry."""

from __future__ import annotations

import datetime
import json
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
