"""Holds the trail in the database against a checkpoint that was kept elsewhere: a cut or rewritten trail shows here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from audit.checkpoint_file import Checkpoint, read_checkpoint
from audit.errors import CheckpointOfAnotherHub
from audit.models import AuditSeal
from audit.tally import Finding

MOST_NAMED = 100


def compare(file: BinaryIO, *, keys: Mapping[str, bytes]) -> tuple[Checkpoint, list[Finding]]:
    """What the checkpoint knows and the database does not, at most MOST_NAMED; raises as `read_checkpoint` does."""
    comparison = _Comparison()
    checkpoint = read_checkpoint(file, keys=keys, on_seal=comparison.look)
    # Not before: until the signature has been seen, the file may say what it likes.
    if comparison.other_trail is not None:
        raise CheckpointOfAnotherHub(
            f"The checkpoint is of the trail {checkpoint.trail}, and this database holds {comparison.other_trail}: it "
            "was made by another hub, or the database was made anew since. Name the database that it was made of."
        )
    return checkpoint, comparison.findings


class _Comparison:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        found = AuditSeal.objects.order_by("number").values_list("trail", flat=True).first()
        self._trail = str(found) if found else None
        self.other_trail: str | None = None

    def look(self, header: dict[str, Any], hash: bytes) -> None:
        """Adds what is wrong with the seal of that number."""
        if self._trail not in (None, header["trail"]):
            self.other_trail = self._trail
        number, sealed_at = header["number"], header["sealed_at"]
        there = AuditSeal.objects.filter(number=number).values_list("hash", flat=True).first()
        if there is None:
            self._add("tail_cut", f"seal {number} of {sealed_at} is in the checkpoint and not here: the trail was cut")
        elif bytes(there) != hash:
            self._add(
                "seal_changed", f"seal {number} is not the one of {sealed_at} in the checkpoint: it was made anew"
            )

    def _add(self, code: str, text: str) -> None:
        if len(self.findings) < MOST_NAMED:
            self.findings.append(Finding(code, text))
