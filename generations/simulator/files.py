"""The files API: what was made under delivery=uri, by id. A file is a recipe, made again when memory forgot it."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from generations.simulator.errors import Refusal
from generations.simulator.studio import Media
from generations.simulator.wire import Answer

KEEP = 10_000
ROOT = "https://generativelanguage.googleapis.com/v1beta/files/"


@dataclass(slots=True)
class StoredFile:
    """`polls` gets are still answered PROCESSING."""

    id: str
    media: Media
    polls: int
    created: datetime

    @property
    def uri(self) -> str:
        return f"{ROOT}{self.id}:download?alt=media"


class Files:
    """The oldest is forgotten after 10,000; safe in threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, StoredFile] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, media: Media, *, polls: int = 0) -> StoredFile:
        file = StoredFile(secrets.token_hex(8), media, polls, datetime.now(UTC))
        with self._lock:
            self._kept[file.id] = file
            while len(self._kept) > KEEP:
                self._kept.popitem(last=False)
        return file

    def describe(self, id: str) -> dict[str, Any]:
        """files.get; each one brings a file that is PROCESSING nearer to ACTIVE."""
        file = self._find(id)
        with self._lock:
            active = file.polls <= 0
            file.polls -= 1
        return _described(file) if active else _stub(file) | {"state": "PROCESSING"}

    def download(self, id: str) -> Answer:
        file = self._find(id)
        if file.polls > 0:
            message = f"The File {id} is not in an ACTIVE state and usage is not allowed."
            raise Refusal(400, message, reason="FAILED_PRECONDITION")
        return Answer(body=file.media.make(), content_type=file.media.mime_type)

    def delete(self, id: str) -> None:
        self._find(id)
        with self._lock:
            self._kept.pop(id, None)

    def _find(self, id: str) -> StoredFile:
        with self._lock:
            file = self._kept.get(id)
        if file is None:
            raise Refusal(403, f"You do not have permission to access the File {id} or it may not exist.")
        return file


def _stub(file: StoredFile) -> dict[str, Any]:
    return {
        "name": f"files/{file.id}",
        "mimeType": file.media.mime_type,
        "createTime": _stamp(file.created),
        "updateTime": _stamp(file.created),
        "expirationTime": _stamp(file.created + timedelta(hours=48)),
        "uri": f"{ROOT}{file.id}",
        "source": "GENERATED",
    }


def _described(file: StoredFile) -> dict[str, Any]:
    data = file.media.make()
    described = _stub(file) | {
        "state": "ACTIVE",
        "sizeBytes": str(len(data)),
        "sha256Hash": base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode(),
        "downloadUri": file.uri,
    }
    if file.media.family == "video":
        described["videoMetadata"] = {"videoDuration": f"{file.media.seconds}s"}
    return described


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
