"""`manage.py neon_rules`: whether the rules of NEON.md hold here."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from hub.env import BASE_DIR
from hub.neon.connections import DirectCommand
from hub.neon.rules.page import UnreadablePage, Written, written_rules
from hub.neon.rules.registry import ask_all
from hub.neon.rules.rule import Place, Rule, State, Verdict
from hub.postgresql.refusals import cannot_connect, is_refused

WIDTH = 110
INDENT = " " * 6


class Command(DirectCommand):
    """0: every rule that could be asked holds; 1: one does not, and which."""

    help = (
        "Asks each rule of NEON.md whether it holds on the connected database, under these settings, in this tree; "
        "says what enforces it, and how to mend it where it is broken. Changes nothing. Exit status 1 when one does "
        "not hold; what cannot be asked here says why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--json, --broken."""
        parser.add_argument("--json", action="store_true", help="the rules as a JSON array")
        parser.add_argument("--broken", action="store_true", help="show only the rules that do not hold")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when a rule is broken, or when there is no page of rules, or no database to ask."""
        try:
            written = written_rules()
            asked = list(ask_all(Place(connections[DEFAULT_DB_ALIAS], BASE_DIR)))
        except (OSError, UnreadablePage) as error:
            raise CommandError(f"The rules cannot be read: {error}") from error
        except DatabaseError as error:
            if is_refused(error):
                raise CommandError(cannot_connect(error)) from error
            said = str(error).splitlines()[0]
            raise CommandError(f"The database cannot be asked: {said}. Is it migrated? `manage.py migrate`") from error
        self._tell(written, asked, as_json=options["json"], only_broken=options["broken"])
        counts = Counter(found.state for _, found in asked)
        summary = ", ".join(f"{counts[state]} {state.value}" for state in State)
        if counts[State.BROKEN]:
            numbers = ", ".join(rule.number for rule, found in asked if found.state == State.BROKEN)
            raise CommandError(f"{summary}. Broken: {numbers}.")
        if not options["json"]:
            self.stdout.write(f"\n{summary}.")

    def _tell(
        self, written: dict[str, Written], asked: list[tuple[Rule, Verdict]], *, as_json: bool, only_broken: bool
    ) -> None:
        shown = [(rule, found) for rule, found in asked if found.state == State.BROKEN or not only_broken]
        if as_json:
            self.stdout.write(json.dumps([_as_json(written[rule.number], rule, found) for rule, found in shown]))
        else:
            self._print(written, shown)

    def _print(self, written: dict[str, Written], asked: list[tuple[Rule, Verdict]]) -> None:
        styles = {State.HOLDS: self.style.SUCCESS, State.BROKEN: self.style.ERROR, State.NOT_ASKED: self.style.WARNING}
        for rule, found in asked:
            text = written[rule.number]
            self.stdout.write(f"{rule.number:<6}{styles[found.state](found.state.value)}")
            for line in _lines(text.text, f"Enforced by: {text.enforcer}", *found.findings):
                self.stdout.write(line)
            if found.state == State.BROKEN:
                self.stdout.write(f"{INDENT}Mend: {rule.mend}")


def _lines(*texts: str) -> list[str]:
    return [
        line for text in texts for line in textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    ]


def _as_json(text: Written, rule: Rule, found: Verdict) -> dict[str, Any]:
    return {
        "number": rule.number,
        "rule": text.text,
        "enforcer": text.enforcer,
        "state": found.state.value,
        "findings": list(found.findings),
        "mend": rule.mend,
    }
