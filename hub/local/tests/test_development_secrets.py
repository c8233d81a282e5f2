"""The secrets of development are made once, for whichever process asks first, and never change."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.local.errors import LocalServerError
from hub.local.secrets import development_secrets, server_passwords
from hub.local.tests.tools import ROOT

ASK = (
    "import sys, json; from pathlib import Path; from hub.local.secrets import development_secrets, server_passwords;"
    "sys.stdin.read(); var = Path(sys.argv[1]); print(json.dumps([development_secrets(var), server_passwords(var)]))"
)


def test_they_are_the_same_at_every_call(tmp_path: Path):
    first = development_secrets(tmp_path)
    assert development_secrets(tmp_path) == first
    assert server_passwords(tmp_path) == server_passwords(tmp_path)
    rings = {"FIELD_ENCRYPTION_KEYS", "FIELD_INDEX_KEYS", "API_KEY_PEPPERS", "AUDIT_SIGNING_KEYS"}
    assert set(first) == {"SECRET_KEY", *rings}


def test_each_key_is_of_32_bytes_with_an_id_and_differs_from_the_others(tmp_path: Path):
    made = development_secrets(tmp_path)
    keys = [made[name].partition(":") for name in ("FIELD_ENCRYPTION_KEYS", "FIELD_INDEX_KEYS", "API_KEY_PEPPERS")]
    assert [kid for kid, _, _ in keys] == ["dev1"] * 3
    assert [len(base64.urlsafe_b64decode(encoded)) for _, _, encoded in keys] == [32] * 3
    assert len({encoded for _, _, encoded in keys}) == 3


def test_processes_that_race_for_them_all_get_the_same(tmp_path: Path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, tmp_path / "var"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(8)
    ]
    for racer in racers:
        racer.stdin.close()
    answers = {json.dumps(json.loads(racer.stdout.read())) for racer in racers}
    assert [racer.wait() for racer in racers] == [0] * 8
    for racer in racers:
        racer.stdout.close()
    assert len(answers) == 1


def test_only_the_owner_can_read_them(tmp_path: Path):
    before = os.umask(0)
    try:
        development_secrets(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets" / "development.json").stat().st_mode) == 0o600


def test_a_damaged_file_is_named_and_not_overwritten(tmp_path: Path):
    development_secrets(tmp_path)
    path = tmp_path / "secrets" / "development.json"
    path.write_text("{")
    with pytest.raises(LocalServerError, match=f"{path} is damaged: put a copy back"):
        development_secrets(tmp_path)
    assert path.read_text() == "{"
