"""Rows behind every list, made once for the whole module by the same statements as the million."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from hub.common.named_queries import Sample
from hub.neon.queries.seeding import seed
from tests.owner import as_owner

# Enough for a second batch of everything.
ROWS = 12_000


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker: Any) -> Iterator[Sample]:
    """Taken back at the end, with everything that the module does."""
    with django_db_blocker.unblock(), transaction.atomic():
        sample = seed(rows=ROWS)
        # The role app may not have tables counted, and the planner must know that they are full.
        as_owner("ANALYZE")
        yield sample
        transaction.set_rollback(True)
