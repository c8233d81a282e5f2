"""The log of erasures, outside of the database: what a restored backup has to be told again.

One entry for each: the request's id, a keyed digest of the account's id, the moment. It is only ever added to. The
setting ERASURE_LOG is a path (one JSON object a line), or `storage:folder` (one object each) of a storage of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from hub.common import outside_log
from users.privacy.errors import ErasureLogBroken


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure; `account` is `kid:hex`, `at` RFC 3339."""

    request_id: str
    account: str
    at: str
    version: int = 1

    @property
    def kid(self) -> str:
        """Of the index key that the digest was made with."""
        return self.account.partition(":")[0]

    @property
    def digest(self) -> str:
        """Without the key's name."""
        return self.account.partition(":")[2]


def append(entry: Entry) -> None:
    """On the disk, or in the storage, when this returns; the same entry again is harmless.

    Raises OSError, or ServiceUnavailable for a storage.
    """
    text = json.dumps(asdict(entry), separators=(",", ":"))
    outside_log.append(settings.ERASURE_LOG, name=entry.request_id, text=text)


def entries() -> Iterator[Entry]:
    """Each erasure once, in no order. Raises ErasureLogBroken for what was never written by `append`."""
    seen = set()
    for where, text in outside_log.texts(settings.ERASURE_LOG):
        entry = _parsed(where, text)
        if entry.request_id not in seen:
            seen.add(entry.request_id)
            yield entry


def _parsed(where: str, text: str) -> Entry:
    try:
        entry = Entry(**json.loads(text))
        UUID(entry.request_id)
        datetime.fromisoformat(entry.at)
        is_whole = entry.version == 1 and len(bytes.fromhex(entry.digest)) == 32 and bool(entry.kid)
    except (ValueError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        detail = f"{where} is no entry of the log of erasures: mend or remove it, then replay again."
        raise ErasureLogBroken(detail)
    return entry
