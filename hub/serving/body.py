"""The body of a request: a short one is here before a thread is taken, the rest of a long one is read by the thread."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.serving.asgi import Message, Receive

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# So much is waited for without a thread: a client that sends a small body slowly holds nothing.
AHEAD_BYTES = 64 * 1024


class ClientGone(OSError):
    """The client closed the connection; Django takes it for a body that cannot be read."""


class Body(io.RawIOBase):
    """The bytes that came ahead, then those of `more`: (bytes, whether there are more). Raises what `more` raises."""

    def __init__(self, ahead: bytes, more: Callable[[], tuple[bytes, bool]] | None) -> None:
        super().__init__()
        self._buffer = ahead
        self._more = more

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here."""
        return self._more is None

    def __len__(self) -> int:
        """How many bytes are here and unread."""
        return len(self._buffer)

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        """Fills `target` from what is here; 0 at the end."""
        while not self._buffer and self._more is not None:
            self._buffer, has_more = self._more()
            if not has_more:
                self._more = None
        view = memoryview(target).cast("B")
        count = min(len(view), len(self._buffer))
        view[:count] = self._buffer[:count]
        self._buffer = self._buffer[count:]
        return count


async def read_ahead(receive: Receive) -> tuple[bytes, bool]:
    """The first bytes, AHEAD_BYTES or more of them or all, and whether there are more. Raises ClientGone."""
    gathered = b""
    has_more = True
    while has_more and len(gathered) < AHEAD_BYTES:
        piece, has_more = piece_of(await receive())
        gathered += piece
    return gathered, has_more


def piece_of(message: Message) -> tuple[bytes, bool]:
    """What an ASGI message says of the body: bytes, and whether there are more. Raises ClientGone."""
    if message["type"] == "http.disconnect":
        raise ClientGone("the client closed the connection before its request was whole")
    return message.get("body", b""), message.get("more_body", False)
