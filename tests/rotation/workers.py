"""What other processes do while keys rotate. Imported by the tests and, in a fresh interpreter, by each process."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.db import connection  # noqa: E402

from audit.actions import Action  # noqa: E402
from audit.services import record  # noqa: E402
from generations.models import Generation  # noqa: E402
from tests.rotation.keys import indexing, sealing  # noqa: E402
from users.errors import EmailTaken  # noqa: E402
from users.services import create_user  # noqa: E402


def ready() -> int:
    """Long enough for every process to take one."""
    time.sleep(0.3)
    return os.getpid()


def write_and_read(ids: Sequence[UUID], kids: Sequence[str], place: int, folder: Path) -> tuple[dict[UUID, str], int]:
    """Rewrites the prompts of its own ids and reads everybody's until `folder` has a file `end`: {id: prompt}, reads.
    It leaves a file there when it has begun."""
    written: dict[UUID, str] = {}
    reads = 0
    with sealing(*kids):
        (folder / f"begun-{place}").touch()
        while not (folder / "end").exists():
            for number, each in enumerate(ids):
                written[each] = f"written by {place}: {number} {reads}"
                Generation.objects.filter(id=each).update(prompt=written[each])
                row = Generation.objects.only("prompt", "parameters").get(id=each)
                assert (row.prompt, row.parameters) == (written[each], {"of": str(each)})
                reads += len(list(Generation.objects.only("prompt", "parameters", "texts")[:20]))
            record(action=Action.QUOTA_SET, actor_label=f"writer {place}", ip="192.0.2.9")
    connection.close()
    return written, reads


def sign_up(emails: Sequence[str], kids: Sequence[str], following: str) -> tuple[int, list[str]]:
    """Makes an account for each address; returns how many it made, and what went wrong but for addresses taken."""
    made, wrong = 0, []
    with indexing(*kids, following=following):
        for email in emails:
            try:
                create_user(email=email)
                made += 1
            except EmailTaken:
                pass
            except Exception as error:  # noqa: BLE001
                wrong.append(repr(error))
    connection.close()
    return made, wrong
