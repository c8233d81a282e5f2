"""A file that is taken and deleted at one moment: one of the two is first, and the other hears of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from generations.models import Generation, GenerationInput
from generations.services.inputs import Input
from generations.services.submit import Order, submit
from hub.common.errors import HubError
from media.models import Media
from media.removing import delete_media
from tests.files import picture
from tests.rest import Caller

ROUNDS = 12


def outcome(work: Callable[[], Any], start: threading.Barrier, said: dict[str, str], name: str) -> None:
    start.wait()
    try:
        work()
        said[name] = "done"
    except HubError as error:
        said[name] = error.code
    finally:
        connection.close()


def race(caller: Caller, media_id: UUID) -> dict[str, str]:
    order = Order(model="gemini-3.1-flash-image", prompt="Edit it.", inputs=[Input(media_id)])
    works = {
        "submit": lambda: submit(api_key=caller.key, order=order),
        "delete": lambda: delete_media(api_key=caller.key, media_id=media_id),
    }
    start, said = threading.Barrier(len(works)), dict[str, str]()
    threads = [
        threading.Thread(target=outcome, args=(work, start, said, name), daemon=True) for name, work in works.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return said


def test_exactly_one_of_the_two_is_done(
    committed: None, new_caller: Callable[..., Caller], prices: None, no_jobs: None, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    caller = new_caller()
    for _ in range(ROUNDS):
        media_id = UUID(caller.upload(picture()).json()["id"])
        said = race(caller, media_id)
        assert said in (
            {"submit": "done", "delete": "media_in_use"},
            {"submit": "unknown_media", "delete": "done"},
        )
        is_deleted = Media.objects.get(id=media_id).deleted_at is not None
        assert is_deleted == (said["delete"] == "done")
        assert GenerationInput.objects.filter(media_id=media_id).exists() == (said["submit"] == "done")
    assert Generation.objects.count() == GenerationInput.objects.count()
