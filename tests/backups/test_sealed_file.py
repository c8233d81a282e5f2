"""What is sealed opens again to the last byte, or not at all."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from hub.common.keyring import TAG_BYTES
from hub.neon.backups.sealed_file import PIECE_BYTES, SealingWriter, unsealed
from hub.neon.errors import BackupBroken

KEYS = tuple(f"{kid}:{letter * 42}A" for kid, letter in (("b1", "A"), ("b2", "B")))
HEADER = 10 + 1 + 2 + 32
SEALED_PIECE = PIECE_BYTES + TAG_BYTES


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    settings.BACKUP_KEYS = KEYS[:1]


def sealed(path: Path, *pieces: bytes) -> bytes:
    with path.open("w+b") as file:
        writer = SealingWriter(file)
        for piece in pieces:
            writer.write(piece)
        writer.finish()
    content = path.read_bytes()
    assert writer.bytes == len(content)
    return content


def opened(content: bytes) -> bytes:
    return b"".join(unsealed(BytesIO(content)))


def opens(content: bytes) -> bool:
    with suppress(BackupBroken):
        opened(content)
        return True
    return False


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES])
def test_it_opens_to_what_was_written(tmp_path: Path, size: int) -> None:
    plain = bytes(i % 251 for i in range(size))
    content = sealed(tmp_path / "file", plain[: size // 3], plain[size // 3 :])
    assert opened(content) == plain
    assert size < 64 or plain[:64] not in content


def test_two_files_of_one_text_have_nothing_in_common(tmp_path: Path) -> None:
    first, second = (sealed(tmp_path / "file", b"the same")[HEADER - 32 :] for _ in range(2))
    assert first[:32] != second[:32]
    assert first[32:] != second[32:]


@pytest.fixture
def three(tmp_path: Path) -> bytes:
    """Three pieces, the last one short."""
    return sealed(tmp_path / "file", b"a" * PIECE_BYTES, b"b" * PIECE_BYTES, b"c" * 100)


def damaged(three: bytes) -> Iterator[tuple[str, bytes]]:
    pieces = [three[HEADER + n * SEALED_PIECE :][:SEALED_PIECE] for n in range(3)]
    header = three[:HEADER]
    for at in (0, 9, 12, 20, HEADER, HEADER + SEALED_PIECE, len(three) - 1):
        yield f"byte {at} changed", three[:at] + bytes((three[at] ^ 1,)) + three[at + 1 :]
    yield "a piece left out", header + pieces[0] + pieces[2]
    yield "the last piece left out", header + pieces[0] + pieces[1]
    yield "two pieces changed about", header + pieces[1] + pieces[0] + pieces[2]
    yield "something behind it", three + b"x"
    for size in (0, 5, 11, 20, HEADER, HEADER + 5, len(three) - 1):
        yield f"cut off at {size}", three[:size]


def test_nothing_that_was_changed_or_cut_short_opens(three: bytes) -> None:
    assert opened(three)
    assert [what for what, content in damaged(three) if opens(content)] == []


def test_a_piece_of_another_backup_does_not_open(three: bytes, tmp_path: Path) -> None:
    other = sealed(tmp_path / "other", b"x" * PIECE_BYTES, b"y" * PIECE_BYTES, b"z" * 100)
    with pytest.raises(BackupBroken, match="piece 3"):
        opened(three[: HEADER + 2 * SEALED_PIECE] + other[HEADER + 2 * SEALED_PIECE :])


def test_a_key_behind_the_first_still_opens_and_a_missing_one_is_named(three: bytes, settings: Any) -> None:
    settings.BACKUP_KEYS = (KEYS[1], KEYS[0])
    assert opened(three)
    settings.BACKUP_KEYS = KEYS[1:]
    with pytest.raises(BackupBroken, match="The key 'b1' is not in BACKUP_KEYS"):
        opened(three)


def test_another_key_of_that_name_does_not_open_it(three: bytes, settings: Any) -> None:
    settings.BACKUP_KEYS = ("b1" + KEYS[1][2:],)
    with pytest.raises(BackupBroken, match="another key has the name 'b1'"):
        opened(three)


def test_its_size_does_not_show_in_memory(tmp_path: Path) -> None:
    piece = bytes(PIECE_BYTES)
    with (tmp_path / "file").open("w+b") as file:
        tracemalloc.start()
        writer = SealingWriter(file)
        for _ in range(48):
            writer.write(piece)
        writer.finish()
        file.seek(0)
        size = sum(len(each) for each in unsealed(_typed(file)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size == 48 * PIECE_BYTES
    assert peak < 8 * PIECE_BYTES


def _typed(file: Any) -> BinaryIO:
    return file
