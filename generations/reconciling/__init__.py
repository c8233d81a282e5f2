"""Everything that must agree, and whether it does: jobs, calls, money, files. The checks of lower apps come first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from generations.reconciling.attempts import Attempts
from generations.reconciling.jobs import Jobs
from generations.reconciling.origins import Origins
from hub.common.reconciling import Check, Finding
from media.reconciling import CHECKS as OF_FILES
from usage.reconciling import CHECKS as OF_MONEY

CHECKS: tuple[Check, ...] = (*OF_MONEY, Jobs(), Attempts(), Origins(), *OF_FILES)
NAMES = tuple(check.name for check in CHECKS)


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and whether it was put right."""

    finding: Finding
    is_mended: bool


def reconcile(*, only: Collection[str] = NAMES, fix: bool = False) -> Iterator[Found]:
    """What the checks of these names find, one at a time, in constant memory; work in flight is no finding.

    With `fix` what is certain is put right, each in a transaction of its own, and audited. A second run finds what the
    first one left. Raises ServiceUnavailable when the storage of files is away.
    """
    for check in CHECKS:
        if check.name in only:
            for finding in check.findings():
                yield Found(finding, fix and finding.mend is not None and finding.mend())
