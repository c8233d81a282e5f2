"""A secret that is not there, or makes no sense, is named in one line, and nothing is begun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.env import BASE_DIR

KEY = "k1:" + "A" * 43
PRODUCTION = {
    "DATABASE_URL": "postgresql://app:x@127.0.0.1:9/hub",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "SECRET_KEY": "s" * 50,
    "FIELD_ENCRYPTION_KEYS": KEY,
    "FIELD_INDEX_KEYS": KEY,
    "API_KEY_PEPPERS": KEY,
    "AUDIT_SIGNING_KEYS": KEY,
    "GEMINI_API_KEY": "not-a-key",
}


def started(tmp_path: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check`, as a hub in production; an empty value is one that is not set."""
    env = {"PATH": os.environ["PATH"], "HUB_ENV_FILE": os.devnull, "HUB_VAR": str(tmp_path), **PRODUCTION, **changes}
    return subprocess.run(
        [sys.executable, "manage.py", "check"], env=env, cwd=BASE_DIR, capture_output=True, text=True, check=False
    )


def test_with_all_of_them_it_starts(tmp_path: Path) -> None:
    done = started(tmp_path)
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"FIELD_ENCRYPTION_KEYS": ""}, "FIELD_ENCRYPTION_KEYS is not set: put it (or FIELD_ENCRYPTION_KEYS_FILE"),
        ({"FIELD_INDEX_KEYS": "k1:short"}, "FIELD_INDEX_KEYS"),
        ({"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE names /nowhere, which cannot be read"),
        ({"DATABASE_URL": "mysql://app@127.0.0.1/hub"}, "DATABASE_URL"),
    ],
    ids=["missing key", "malformed key", "unreadable file", "another database"],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    done = started(tmp_path, **changes)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "short" not in done.stderr
    assert list(tmp_path.iterdir()) == []
