"""The ZIP of an export, written piece by piece: `data/<table>.json`, `media/<id>.<ext>`, and `manifest.json`."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, BinaryIO
from uuid import UUID

from hub.common.errors import NotFound
from hub.common.money import text
from hub.common.personal_data import ExportedFile, all_holdings

VERSION = 1
CHUNK_BYTES = 1024 * 1024
# Before 1980 a ZIP knows no time; what matters is in the manifest.
_STAMP = (1980, 1, 1, 0, 0, 0)


def write_zip(target: BinaryIO, *, user_id: UUID, request_id: UUID, at: datetime) -> dict[str, int]:
    """Writes all that the apps hold of the user; {table: rows}, and the number of files under `files`."""
    manifest = _Manifest(request_id, user_id, at)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for holdings in all_holdings():
            for table in holdings.tables:
                manifest.tables[table.name] = _write_rows(archive, manifest, table.name, table.export(user_id))
            for file in holdings.files(user_id):
                _write_file(archive, manifest, file)
        with archive.open(_entry("manifest.json"), "w") as out:
            out.write(json.dumps(manifest.as_json(), indent=2).encode())
    return {**manifest.tables, "files": sum(entry["path"].startswith("media/") for entry in manifest.entries)}


class _Manifest:
    """What is in the archive, each with its length and digest; and what should have been and was gone."""

    def __init__(self, request_id: UUID, user_id: UUID, at: datetime) -> None:
        self.head = {
            "version": VERSION,
            "request_id": str(request_id),
            "account_id": str(user_id),
            "made_at": _json(at),
        }
        self.tables: dict[str, int] = {}
        self.entries: list[dict[str, Any]] = []
        self.missing: list[str] = []

    def as_json(self) -> dict[str, Any]:
        """The document."""
        return {**self.head, "tables": self.tables, "entries": self.entries, "missing": self.missing}


def _entry(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, date_time=_STAMP)
    info.compress_type = zipfile.ZIP_STORED if path.startswith("media/") else zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _write_rows(archive: zipfile.ZipFile, manifest: _Manifest, table: str, rows: Iterator[Mapping[str, Any]]) -> int:
    count = 0

    def pieces() -> Iterator[bytes]:
        nonlocal count
        yield b"["
        for row in rows:
            yield (b",\n" if count else b"\n") + json.dumps(row, default=_json, ensure_ascii=False).encode()
            count += 1
        yield b"\n]\n"

    _write(archive, manifest, f"data/{table}.json", pieces())
    return count


def _write_file(archive: zipfile.ZipFile, manifest: _Manifest, file: ExportedFile) -> None:
    try:
        with file.open() as source:
            _write(archive, manifest, file.name, iter(lambda: source.read(CHUNK_BYTES), b""))
    except NotFound:
        manifest.missing.append(file.name)


def _write(archive: zipfile.ZipFile, manifest: _Manifest, path: str, pieces: Iterable[bytes]) -> None:
    digest, size = hashlib.sha256(), 0
    out: IO[bytes]
    with archive.open(_entry(path), "w", force_zip64=True) as out:
        for piece in pieces:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
    manifest.entries.append({"path": path, "bytes": size, "sha256": digest.hexdigest()})


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID | date):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in an export")
