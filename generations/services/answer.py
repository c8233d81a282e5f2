"""What a provider answered, brought home: the files lie in our storage, the rest is ready for the books.

It is kept in the attempt's row (encrypted) before the books are closed, so that a worker that dies in between loses
nothing and nobody pays twice.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Self, cast

from django.conf import settings

from generations.models import GenerationAttempt
from generations.providers.base import Adapter, Billed, Blocked, Finished, Output, ProviderError
from hub.common.errors import ServiceUnavailable
from media import services as media
from media.services import StoredFile

MEMORY_BYTES = 1024 * 1024
STORAGE_PAUSES = (1.0, 3.0, 9.0)


@dataclass(frozen=True, slots=True)
class Block:
    """A refusal by the provider: at which stage, why, and whether it is billed."""

    stage: str
    reason: str
    charged: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """`units` is None when the provider gave no usage; `block` is set when it refused.

    A `broken` one is the part of a stream that came before it broke off, with the provider's count until then.
    """

    texts: tuple[str, ...]
    files: tuple[StoredFile, ...]
    units: Mapping[str, int] | None
    provider_request_id: str
    block: Block | None = None
    broken: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the journal; `from_json` reads it back."""
        return {
            "texts": list(self.texts),
            "files": [stored.as_json() for stored in self.files],
            "units": None if self.units is None else dict(self.units),
            "provider_request_id": self.provider_request_id,
            "block": None if self.block is None else asdict(self.block),
            "broken": self.broken,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            texts=tuple(data["texts"]),
            files=tuple(StoredFile.from_json(stored) for stored in data["files"]),
            units=data["units"],
            provider_request_id=data["provider_request_id"],
            block=None if data["block"] is None else Block(**data["block"]),
            # Missing in what the code before wrote.
            broken=data.get("broken", False),
        )


def bring_home(attempt: GenerationAttempt, adapter: Adapter, outcome: Finished | Blocked) -> Answer:
    """Stores the files of the outcome; raises ProviderError when one cannot be fetched (yet).

    A second run writes the same keys again: nothing is left over.
    """
    if isinstance(outcome, Blocked):
        block = Block(stage=outcome.stage, reason=outcome.reason, charged=outcome.charged)
        return Answer((), (), outcome.units, outcome.provider_request_id, block)
    files = [output for output in outcome.outputs if output.text is None]
    return Answer(
        texts=tuple(output.text for output in outcome.outputs if output.text is not None),
        files=tuple(_stored(attempt, adapter, output, position) for position, output in enumerate(files)),
        units=outcome.units,
        provider_request_id=outcome.provider_request_id,
    )


def _stored(attempt: GenerationAttempt, adapter: Adapter, output: Output, position: int) -> StoredFile:
    # An unnamed file: it is gone with the process, however that ends.
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as spool:
        spooled = cast(BinaryIO, spool)
        adapter.fetch(output, spooled)
        return _kept(attempt, spooled, output.mime_type, position)


def _kept(attempt: GenerationAttempt, source: BinaryIO, mime_type: str, position: int) -> StoredFile:
    """A storage that is away for a moment is not worth a file that is paid for. Raises ProviderError in the end."""
    pauses = iter(STORAGE_PAUSES)
    name = f"{attempt.file_prefix}{position}"
    while True:
        try:
            return media.store_file(folder=attempt.generation.folder, name=name, source=source, mime_type=mime_type)
        except ServiceUnavailable as error:
            pause = next(pauses, None)
            if pause is None:
                message = "The storage of files is away."
                raise ProviderError("storage_unavailable", message, retryable=True, billed=Billed.UNKNOWN) from error
            time.sleep(pause)
