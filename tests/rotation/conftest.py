"""Rows that other processes see, those processes, and the command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from hub.env import BASE_DIR
from tests.rotation import workers
from tests.rotation.keys import ring

PROCESSES = 4


@pytest.fixture(autouse=True)
def erasure_log(settings: Any, tmp_path: Path) -> Path:
    settings.ERASURE_LOG = str(tmp_path / "erasures.jsonl")
    return tmp_path / "erasures.jsonl"


@pytest.fixture(scope="module")
def processes(django_db_setup: None) -> Iterator[ProcessPoolExecutor]:
    """Each with its own connection to the test database, all started."""
    os.environ["DATABASE_URL"], former = database_url(), os.environ["DATABASE_URL"]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        while len({job.result() for job in [pool.submit(workers.ready) for _ in range(PROCESSES)]}) < PROCESSES:
            pass
        os.environ["DATABASE_URL"] = former
        yield pool


def database_url() -> str:
    server = connection.settings_dict
    who = f"{quote(server['USER'], safe='')}:{quote(server['PASSWORD'], safe='')}"
    return f"postgresql://{who}@{quote(server['HOST'], safe='')}:{server['PORT']}/{server['NAME']}"


@pytest.fixture
def command(erasure_log: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `manage.py rotate_encryption` on the test database, with these keys."""

    def command(*words: str, kids: tuple[str, ...]) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "FIELD_ENCRYPTION_KEYS": ",".join(ring(*kids)),
            "ERASURE_LOG": str(erasure_log),
        }
        return subprocess.Popen(
            [sys.executable, "manage.py", "rotate_encryption", *words],
            cwd=BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return command
