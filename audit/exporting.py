"""Writes signed checkpoints: what the trail was, for those who do not trust the database any more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit.actions import Action
from audit.checkpoint_file import Writer
from audit.encoding import canonical, moment_text
from audit.entries import entries_by_id
from audit.errors import TrailBroken, TrailNotSealed
from audit.models import AuditExport, AuditSeal
from audit.sealing import hash_of, header_of, unpacked
from audit.seals import by_number, headers
from audit.services import record
from hub.common.errors import NotFound
from hub.common.personal_data import archive

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in the file."""

    first: int
    last: int
    count: int
    sha256: bytes
    kid: str


def exported_through() -> int:
    """The number up to which every seal has been exported with its entries; 0 when the first one was not."""
    through = 0
    ranges = AuditExport.objects.filter(with_entries=True).order_by("first_number", "last_number")
    for first, last in ranges.values_list("first_number", "last_number"):
        if first > through + 1:
            break
        through = max(through, last)
    return through


def export(
    *,
    path: Path,
    first: int | None,
    last: int | None,
    entries: bool,
    replace: bool = False,
    asked_by: str = OPERATOR,
) -> Exported:
    """Writes the seals from `first` to `last` to `path`, signed, and notes it; audited. A second call writes anew.

    Without `last` up to the newest seal; without `first` the last one alone, and with entries from the first seal that
    has not been exported with them. Whatever does not match its seal is not signed: raises TrailBroken; TrailNotSealed
    when there is no such seal; FileExistsError unless `replace`. The file is there as a whole or not at all.
    """
    last = last or AuditSeal.objects.aggregate(last=Max("number"))["last"] or 0
    first = first or (exported_through() + 1 if entries else last)
    _check_range(first, last, entries)
    with _whole_file(path, replace=replace) as file:
        exported, last_hash = _write(file, first, last, entries)
    _note(exported, last_hash, with_entries=entries, asked_by=asked_by)
    return exported


def export_to_storage(
    storage: str, key: str, *, first: int, last: int, entries: bool, asked_by: str
) -> Exported | None:
    """The same as an object of a storage of files; None, and nothing written, when it is there.

    Raises as `export`, and ServiceUnavailable.
    """
    if _is_there(storage, key):
        return None
    _check_range(first, last, entries)
    with TemporaryFile() as file:
        exported, last_hash = _write(file, first, last, entries)
        file.seek(0)
        archive().store(storage, key, file)
    _note(exported, last_hash, with_entries=entries, asked_by=asked_by)
    return exported


def _is_there(storage: str, key: str) -> bool:
    try:
        archive().open(storage, key).close()
    except NotFound:
        return False
    return True


@transaction.atomic
def _note(exported: Exported, last_hash: bytes, *, with_entries: bool, asked_by: str) -> None:
    AuditExport.objects.create(
        first_number=exported.first,
        last_number=exported.last,
        with_entries=with_entries,
        last_hash=last_hash,
        sha256=exported.sha256,
        kid=exported.kid,
    )
    record(
        action=Action.AUDIT_EXPORTED,
        actor_label=asked_by,
        first=exported.first,
        last=exported.last,
        entries=exported.count if with_entries else 0,
        sha256=exported.sha256.hex(),
        kid=exported.kid,
    )


def _check_range(first: int, last: int, entries: bool) -> None:
    newest = AuditSeal.objects.aggregate(last=Max("number"))["last"]
    if newest is None:
        raise TrailNotSealed("The trail has no seal yet: run `manage.py seal_audit` first.")
    if first > last and entries:
        raise TrailNotSealed(f"Every seal up to {last} has been exported with its entries: nothing is left to export.")
    if not 1 <= first <= last <= newest:
        raise TrailNotSealed(f"There are seals 1 to {newest}, and no range from {first} to {last}.")
    purged = headers(AuditSeal.objects.filter(number__range=(first, last), purged_at__isnull=False))
    high = purged.aggregate(high=Max("number"))["high"]
    if entries and high is not None:
        raise TrailNotSealed(f"The entries of seal {high} were purged: start behind it, with --first {high + 1}.")


def _write(file: BinaryIO, first: int, last: int, entries: bool) -> tuple[Exported, bytes]:
    writer = Writer(file)
    trail = str(AuditSeal.objects.values_list("trail", flat=True).get(number=last))
    made_at = moment_text(timezone.now())
    kid = writer.first_line(trail=trail, first=first, last=last, entries=entries, made_at=made_at)
    count, previous, expected = 0, None, first
    for seal in by_number(first, last):
        if seal.number != expected or hash_of(seal) != bytes(seal.hash) or previous not in (None, bytes(seal.previous)):
            raise _broken(seal)
        writer.line(canonical(header_of(seal)))
        if entries:
            _write_entries(writer, seal)
        count, previous, expected = count + seal.count, bytes(seal.hash), expected + 1
    return Exported(first, last, count, writer.last_line(), kid), previous or b""


def _write_entries(writer: Writer, seal: AuditSeal) -> None:
    leaves = unpacked(bytes(seal.leaves or b""))
    there = entries_by_id(id for id, _ in leaves)
    if len(leaves) != seal.count:
        raise _broken(seal)
    for id, leaf in leaves:
        if id not in there or there[id].leaf != leaf:
            raise _broken(seal)
        writer.line(there[id].content)


def _broken(seal: AuditSeal) -> TrailBroken:
    return TrailBroken(
        f"The trail does not match at seal {seal.number}, and what does not match is not signed: "
        "`manage.py verify_audit` names what is wrong."
    )


@contextmanager
def _whole_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """A file that has its name once it is whole and on the disk. It is its owner's to read: it says who did what."""
    if path.exists() and not replace:
        raise FileExistsError(path)
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
