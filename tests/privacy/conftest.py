"""People whose data is exported and erased."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media.models import Media
from tests.privacy.world import Life, make_life
from users.models import PrivacyRequest, User
from users.privacy.requests import open_request
from users.services import create_user


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> Path:
    """The log of erasures, of this test alone."""
    settings.ERASURE_LOG = str(tmp_path / "erasures.jsonl")
    return tmp_path / "erasures.jsonl"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What was sent to the workers; there are none here, and a test carries it out by itself."""
    found: list[tuple[str, Any]] = []

    def offer(task: str, *, request_id: Any) -> None:
        found.append((task, request_id))

    for module in ("requests", "erasure", "sweeping"):
        monkeypatch.setattr(f"users.privacy.{module}.offer", offer)
    return found


@pytest.fixture
def staff(db: None) -> User:
    return create_user(email="staff@example.org", is_staff=True)


@pytest.fixture
def new_life(new_media: Callable[..., Media], log: Path, sent: list[Any], staff: User) -> Callable[[], Life]:
    """Makes accounts with something in every table."""
    return lambda: make_life(new_media, staff=staff)


@pytest.fixture
def life(new_life: Callable[[], Life]) -> Life:
    return new_life()


@pytest.fixture
def asked(db: None) -> Callable[[User], PrivacyRequest]:
    """An erasure that was asked for, for whoever carries it out."""
    return lambda user: open_request(user_id=user.id, kind="anonymise", asked_by=None, reason="no longer a customer")
