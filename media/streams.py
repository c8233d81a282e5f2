"""A file on its way out, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

PIECE_BYTES = 128 * 1024


class Pieces(Iterator[bytes]):
    """`length` bytes of `file` from `start` on, never more than one piece of them in memory; closes the file."""

    def __init__(self, file: IO[Any] | Any, *, start: int, length: int) -> None:
        self._file = file
        self._left = length
        file.seek(start)

    def __next__(self) -> bytes:
        piece: bytes = self._file.read(min(self._left, PIECE_BYTES)) if self._left else b""
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Also called by Django when the client has gone."""
        self._file.close()
