"""Runs a purge and writes it into the audit trail."""

from __future__ import annotations

from audit.actions import Action
from audit.services import record
from hub.common.purging import DEFAULT_BATCH, Outcome, Purge, PurgeRunning, Tell, run

OPERATOR, CLOCK = "operator", "clock"


def run_audited(
    purge: Purge,
    *,
    asked_by: str,
    batch: int = DEFAULT_BATCH,
    ceiling: int | None = None,
    dry_run: bool = False,
    tell: Tell = lambda line: None,
) -> Outcome:
    """As `run`, with one entry for a run that did something, that failed, or that an operator asked for.

    A dry run, which changes nothing, leaves none. The entry says how the run ended and what it did until then.
    """
    outcome, ended = Outcome(), "failed"
    try:
        run(purge, outcome=outcome, batch=batch, ceiling=ceiling, dry_run=dry_run, tell=tell)
        ended = "incomplete" if outcome.failed else "done"
    except PurgeRunning:
        ended = "running_already"
        raise
    finally:
        if not dry_run and (asked_by == OPERATOR or outcome.seen or ended == "failed"):
            record(
                action=Action.PURGE_RAN,
                actor_label=asked_by,
                purge=purge.name,
                ended=ended,
                counts=outcome.counts,
                not_done=outcome.failed,
            )
    return outcome
