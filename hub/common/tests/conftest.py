"""Buckets of nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from hub.common.rate_limit import Bucket
from hub.common.rates import Rate


@pytest.fixture
def bucket() -> Callable[..., Bucket]:
    """A new one under `rate`; it is forgotten when it is full again."""

    def bucket(rate: str = "3/60", policy: str = "test") -> Bucket:
        return Bucket(policy, str(uuid4()), Rate.parse(rate))

    return bucket
