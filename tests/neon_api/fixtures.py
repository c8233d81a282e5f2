"""Neon's stand-in as the hub's settings name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.neon_api.stand_in import running_stand_in
from tests.neon_api.state import KEY, ORG, PROJECT, StandIn

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def neon(settings: Any) -> Iterator[StandIn]:
    """With a protected default branch, `main`."""
    with running_stand_in() as state:
        settings.NEON_API_KEY, settings.NEON_PROJECT_ID, settings.NEON_ORG_ID = KEY, PROJECT, ORG
        settings.NEON_API_URL, settings.NEON_BUDGET_USD = state.url, Decimal("25")
        state.branch("main", default=True, protected=True)
        yield state


def run(*words: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    out = StringIO()
    try:
        call_command(*words, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()
