"""The rights over one's own data: what was asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportArchive:
    """The ZIP of an export."""

    bytes: int
    sha256: str
    expires_at: datetime
    """It is gone then."""
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReceipt:
    """What is left to show of an erasure: nothing of whom."""

    version: int
    request_id: str
    account: str
    """A keyed digest of the account's id."""
    requested_at: datetime
    erased_at: datetime
    verified_at: datetime
    """Nothing was found any more."""
    counts: Mapping[str, int]
    outcome: Mapping[str, int]
    """What became of what lay elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What an erasure would do now."""

    counts: Mapping[str, int]
    """Rows by table, and what lies elsewhere."""
    blocked_by: tuple[str, ...]
    """Codes of what stands against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRequest:
    """An export or an erasure that was asked for."""

    id: str
    kind: str
    status: str
    blocked_by: tuple[str, ...]
    """Codes of what refused it, or of what it waits for."""
    counts: Mapping[str, int]
    """Rows by table, when it is done."""
    archive: ExportArchive | None
    """Of an export that is done and has not expired."""
    receipt: ErasureReceipt | None
    """Of an erasure that is verified."""
    created_at: datetime
    finished_at: datetime | None
    verified_at: datetime | None
