"""Backups of the run's own database, in places of each test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.neon_api.fixtures import neon

__all__ = ["neon"]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where BACKUPS and BACKUP_RECORDS point to."""
    settings.BACKUPS = str(tmp_path / "backups")
    settings.BACKUP_RECORDS = str(tmp_path / "records.jsonl")
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "backups"
