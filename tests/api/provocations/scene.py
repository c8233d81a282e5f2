"""What a provocation has at hand, and the table that they all stand in.

A provocation sets the scene for one error code and returns the request that meets it: nothing is asked before the test
has looked at the world, so that it can tell that the refusal changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generations.models import Generation
from media.models import Media
from tests.rest import Caller

# Sends the request and gives its answer; runs the command, for an error of the operators' commands.
Ask = Callable[[], Any]


@dataclass
class Scene:
    """The fixtures of a test; whatever is set through `settings` and `monkeypatch` ends with it."""

    caller: Caller
    stranger: Caller
    new_caller: Callable[..., Caller]
    new_generation: Callable[..., Generation]
    new_media: Callable[..., Media]
    settings: Any
    monkeypatch: pytest.MonkeyPatch
    folder: Path


@dataclass(frozen=True)
class Provocation:
    """How to meet one code; `is_audited`: the refusal stands in the trail, in one row, and nowhere else."""

    set_up: Callable[[Scene], Ask]
    is_audited: bool


PROVOCATIONS: dict[str, Provocation] = {}


def provokes(code: str, *, is_audited: bool = False) -> Callable[[Callable[[Scene], Ask]], Callable[[Scene], Ask]]:
    """Puts a provocation into the table; there is one for each code."""

    def enter(set_up: Callable[[Scene], Ask]) -> Callable[[Scene], Ask]:
        assert code not in PROVOCATIONS, f"{code} is provoked twice"
        PROVOCATIONS[code] = Provocation(set_up, is_audited)
        return set_up

    return enter
