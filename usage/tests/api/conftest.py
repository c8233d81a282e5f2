"""Rows of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from usage.models import UsageLog
from users.models import User

NewUsage = Callable[..., UsageLog]


@pytest.fixture
def new_usage(db: None) -> NewUsage:
    def new_usage(user: User, **changes: Any) -> UsageLog:
        facts: dict[str, Any] = {
            "user": user,
            "reference": uuid4(),
            "attempt_id": uuid4(),
            "model": "veo-3.1-generate-001",
            "kind": "video",
            "units": {"video_second": 8},
            "prices": {"video_second": {"variant": "720p", "price_id": str(uuid4()), "usd": "0.40"}},
            "cost": Decimal("3.2"),
            "estimate": Decimal("3.2"),
            "latency_ms": 1200,
            "outcome": "succeeded",
            "confirmed": True,
            "estimated": False,
            "over_hold": False,
        }
        return UsageLog.objects.create(**{**facts, **changes})

    return new_usage
