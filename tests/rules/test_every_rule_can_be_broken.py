"""Each rule of NEON.md holds here, is broken on purpose, and is then found broken: none that cannot fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connections, models

from hub.env import BASE_DIR
from hub.neon.backup_records import append, identity_of
from hub.neon.queries.seeding import seed
from hub.neon.rules.page import written_rules
from hub.neon.rules.performance import FEWEST_ROWS
from hub.neon.rules.registry import RULES
from hub.neon.rules.rule import Place, Rule, State
from tests.backup_record import a_backup
from tests.neon_api.fixtures import neon
from tests.neon_api.test_report import project
from tests.owner import as_owner, owner_connection
from tests.reconciling.conftest import Books, books, new_job
from tests.rules.breakages import BREAKAGES, Tools

__all__ = ["books", "neon", "new_job"]
BY_NUMBER = {rule.number: rule for rule in RULES}
# Builds a shadow, which no transaction may hold up: broken in a test of its own.
DRIFT = "3.3"
# Others say so of a test's database, and would of this tree once a quarter has gone.
NOT_OF_A_TEST = {
    "7.1": "the role app is more patient in a test database",
    "8.1": "nobody backs a test database up",
    "8.2": "a drill grows old",
    "10.2": "it is not on Neon",
    "12.3": "an audit grows old",
}


@pytest.fixture
def place(prices: None) -> Place:
    return Place(connections[DEFAULT_DB_ALIAS], BASE_DIR)


@pytest.fixture
def plant() -> Iterator[Callable[[str, str, models.Field[Any, Any]], None]]:
    """Makes models that no migration knows, and takes them away again."""
    made: list[str] = []

    def plant(app: str, name: str, field: models.Field[Any, Any]) -> None:
        meta = type("Meta", (), {"app_label": app})
        type("Planted", (models.Model,), {"__module__": f"{app}.models", "Meta": meta, name: field})
        made.append(app)

    yield plant
    for app in made:
        del apps.all_models[app]["planted"]
    apps.clear_cache()


@pytest.fixture
def tools(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, plant: Any
) -> Tools:
    def spend() -> None:
        request.getfixturevalue("neon").consumption = [project(compute_unit_seconds=500_000)]

    return Tools(monkeypatch, settings, tmp_path, plant, spend)


def test_the_page_has_the_rules_that_are_asked() -> None:
    assert list(written_rules()) == [rule.number for rule in RULES]
    assert BREAKAGES.keys() | {DRIFT} == BY_NUMBER.keys()


@pytest.mark.parametrize("rule", [each for each in RULES if each.number != DRIFT], ids=lambda rule: rule.number)
def test_it_is_broken_and_found(rule: Rule, place: Place, tools: Tools) -> None:
    breakage, said = BREAKAGES[rule.number]
    if rule.number == "9.1":
        seed(rows=FEWEST_ROWS)
        # The role app may not have tables counted, and the planner must know that they are full.
        as_owner("ANALYZE")
    before = rule.ask(place)
    if rule.number not in NOT_OF_A_TEST:
        assert before.state == State.HOLDS, before.findings
    after = rule.ask(breakage(tools, place))
    assert after.state == State.BROKEN
    assert [each for each in after.findings if said in each], after.findings
    assert not [each for each in before.findings if said in each]


def test_a_command_is_a_door_too(place: Place, tmp_path: Path) -> None:
    command = tmp_path / "users" / "management" / "commands" / "count_users.py"
    command.parent.mkdir(parents=True)
    command.write_text("User.objects.count()\n")
    findings = BY_NUMBER["6.2"].ask(replace(place, root=tmp_path)).findings
    assert findings == ("users/management/commands/count_users.py:1 reads a table.",)


@pytest.mark.parametrize(("number", "state"), [("5.3", State.HOLDS), ("7.5", State.HOLDS), ("9.1", State.NOT_ASKED)])
def test_a_hub_that_has_nothing_yet_can_be_asked(db: None, number: str, state: State) -> None:
    assert BY_NUMBER[number].ask(Place(connections[DEFAULT_DB_ALIAS], BASE_DIR)).state == state


def test_a_call_that_nobody_counted_is_found(place: Place, books: Books) -> None:
    """5.3 is more than its index, which is broken above."""
    rule = BY_NUMBER["5.3"]
    assert rule.ask(place).state == State.HOLDS
    as_owner("DELETE FROM usage_logs WHERE attempt_id = %s", [books.attempt.id], past_triggers=True)
    assert rule.ask(place).findings == (f"The call {books.attempt.id} is over, and has no row in usage_logs.",)


def test_a_snapshot_at_neon_is_no_backup_outside_of_it(place: Place, settings: Any, tmp_path: Path) -> None:
    settings.DEVELOPMENT, settings.BACKUP_RECORDS = False, str(tmp_path / "backups.jsonl")
    identity = identity_of(place.connection)
    append(a_backup(identity, kind="snapshot", bytes=0, sha256=""))
    assert BY_NUMBER["8.1"].ask(place).state == State.BROKEN
    append(a_backup(identity))
    assert BY_NUMBER["8.1"].ask(place).state == State.HOLDS


OF_SOURCES = ("2.2", "3.4", "4.1", "4.3", "8.2", "9.2", "11.2", "12.1", "12.2", "12.3", "13.1", "13.2", "13.3", "13.4")


def test_a_deployment_is_not_asked_for_what_only_the_sources_have(place: Place, tmp_path: Path) -> None:
    deployed = replace(place, root=tmp_path)
    assert {rule.number for rule in RULES if rule.of_sources} == set(OF_SOURCES)
    for number in OF_SOURCES:
        asked = BY_NUMBER[number].ask(deployed)
        assert (asked.state, asked.findings[0][:27]) == (State.NOT_ASKED, "This is no checkout of the ")
    (tmp_path / "Makefile").touch()
    assert BY_NUMBER["13.1"].ask(deployed).state == State.BROKEN


def test_a_change_by_hand_is_found(committed: None) -> None:
    """Of a test database the owner's functions are found as well."""
    rule, place = BY_NUMBER[DRIFT], Place(connections[DEFAULT_DB_ALIAS], BASE_DIR)
    assert "planted" not in " ".join(rule.ask(place).findings)
    with owner_connection() as owner:
        owner.execute("CREATE INDEX planted ON usage_logs (model)")
        try:
            after = rule.ask(place)
        finally:
            owner.execute("DROP INDEX planted")
    assert (after.state, "planted" in " ".join(after.findings)) == (State.BROKEN, True)


def test_the_command_names_what_is_broken_and_how_to_mend_it(
    committed: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.neon.rules.registry.RULES", (BY_NUMBER["5.1"], BY_NUMBER["7.4"]))
    settings.PURGE_DAILY = []
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 holds, 1 broken, 0 not asked. Broken: 7.4."):
        call_command("neon_rules", stdout=out)
    assert "leaves out purge_dormant_users" in out.getvalue()
    assert "Mend: Name purge_dormant_users in PURGE_DAILY" in out.getvalue()

    out = StringIO()
    with pytest.raises(CommandError):
        call_command("neon_rules", "--json", "--broken", stdout=out)
    [found] = json.loads(out.getvalue())
    assert (found["number"], found["state"]) == ("7.4", "broken")
    assert found["rule"].startswith("Dormant accounts")


def test_the_command_passes_when_all_hold(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.neon.rules.registry.RULES", (BY_NUMBER["5.1"],))
    out = StringIO()
    call_command("neon_rules", stdout=out)
    assert "1 holds, 0 broken, 0 not asked." in out.getvalue()
