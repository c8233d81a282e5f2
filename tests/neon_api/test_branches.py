"""Branches are made with an end, removed by name or when their time is over, and what must stay stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.neon_api.fixtures import run
from tests.neon_api.state import StandIn, stamp


def changes(neon: StandIn) -> list[str]:
    return [each.method for each in neon.asked if each.method != "GET"]


def test_without_apply_nothing_is_changed(neon: StandIn) -> None:
    neon.branch("preview/pr-7", age=timedelta(days=20))
    for words in (["--create", "new"], ["--delete", "preview/pr-7"], ["--prune"]):
        status, said = run("neon_branches", *words)
        assert (status, "would" in said, "pass --apply" in said) == (0, True, True)
    assert changes(neon) == []


def test_a_branch_is_made_with_an_end_and_a_compute(neon: StandIn) -> None:
    assert run("neon_branches", "--create", "preview/pr-8", "--days", "3", "--apply")[0] == 0
    made = next(each for each in neon.branches.values() if each["name"] == "preview/pr-8")
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    assert made["parent_id"] == next(each["id"] for each in neon.branches.values() if each["default"])
    assert len(neon.endpoints) == 1


@pytest.mark.parametrize("days", ["0", "31", "-1", "many"])
def test_there_is_no_branch_without_an_end_that_neon_would_take(neon: StandIn, days: str) -> None:
    status, said = run("neon_branches", "--create", "new", "--days", days, "--apply")
    assert status == 1
    assert "no number of days from 1 to 30" in said
    assert neon.asked == []


def test_a_name_that_is_taken_is_refused_and_nothing_is_made(neon: StandIn) -> None:
    status, said = run("neon_branches", "--create", "main", "--apply")
    assert (status, "There is a branch main already" in said) == (1, True)
    assert changes(neon) == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"default": True}, "it is the project's default branch"),
        ({"protected": True}, "it is protected"),
    ],
)
def test_what_must_stay_stays_even_when_its_time_is_over(neon: StandIn, facts: dict[str, bool], reason: str) -> None:
    old = stamp(datetime.now(UTC) - timedelta(days=1))
    neon.branch("preview/pr-1", age=timedelta(days=90), expires_at=old, **facts)
    status, said = run("neon_branches", "--delete", "preview/pr-1", "--apply")
    assert (status, said) == (1, f"The branch preview/pr-1 stays: {reason}.")
    assert run("neon_branches", "--prune", "--apply") == (0, "No branch is left over.\n")
    assert changes(neon) == []


def test_a_branch_that_others_stem_from_stays(neon: StandIn) -> None:
    parent = neon.branch("preview/pr-1", age=timedelta(days=90))
    neon.branch("kept", parent_id=parent["id"])
    status, said = run("neon_branches", "--delete", "preview/pr-1", "--apply")
    assert (status, said) == (1, "The branch preview/pr-1 stays: kept stems from it.")
    assert run("neon_branches", "--prune", "--apply")[0] == 0
    assert changes(neon) == []


def test_pruning_takes_what_is_over_old_or_closed_and_nothing_else(neon: StandIn, tmp_path: Path) -> None:
    (tmp_path / "closed.json").write_text(json.dumps([2]))
    neon.branch("preview/pr-1", age=timedelta(days=8))
    neon.branch("preview/pr-2")
    neon.branch("preview/pr-3", age=timedelta(days=2))
    neon.branch("over", expires_at=stamp(datetime.now(UTC) - timedelta(hours=1)))
    neon.branch("staging", age=timedelta(days=400))
    neon.branch("preview-of-mine", age=timedelta(days=400))
    status, said = run("neon_branches", "--prune", "--closed", str(tmp_path / "closed.json"), "--apply")
    assert status == 0
    assert sorted(neon.names()) == ["main", "preview-of-mine", "preview/pr-3", "staging"]
    for reason in ("8 days old", "pull request 2 is closed", "its end was"):
        assert reason in said


def test_one_that_is_gone_is_an_error_unless_that_is_fine(neon: StandIn) -> None:
    assert run("neon_branches", "--delete", "gone", "--apply") == (1, "The project has no branch gone.")
    said = "gone is gone already.\n"
    assert run("neon_branches", "--delete", "gone", "--missing-ok", "--apply") == (0, said)


def test_the_list_says_what_stays_and_what_has_no_end(neon: StandIn) -> None:
    neon.branch("loose")
    status, said = run("neon_branches")
    assert status == 0
    assert "main" in said.splitlines()[0]
    assert "(stays: it is the project's default branch)" in said.splitlines()[0]
    assert said.splitlines()[1].endswith("without an end")


def test_the_difference_of_schemas_is_markdown_that_nothing_in_it_can_end(neon: StandIn) -> None:
    neon.difference = "--- a\n+++ b\n+CREATE TABLE x (); -- ```"
    neon.branch("preview/pr-4", parent_id=next(iter(neon.branches)))
    status, said = run("neon_branches", "--diff", "preview/pr-4", "--database", "hub")
    assert status == 0
    assert "````diff\n--- a" in said
    assert neon.asked[-1].query == {"db_name": "hub", "base_branch_id": next(iter(neon.branches))}
    neon.difference = ""
    assert run("neon_branches", "--diff", "preview/pr-4")[1] == "The schema of `preview/pr-4` is that of its parent.\n"


def test_a_missing_key_is_one_line(neon: StandIn, settings: object) -> None:
    settings.NEON_API_KEY = None  # type: ignore[attr-defined]
    status, said = run("neon_branches")
    assert (status, len(said.splitlines())) == (1, 1)
    assert said.startswith("NEON_API_KEY not set")


def test_a_list_of_closed_requests_that_is_none_is_refused(neon: StandIn, tmp_path: Path) -> None:
    (tmp_path / "closed.json").write_text('{"number": 2}')
    status, said = run("neon_branches", "--prune", "--closed", str(tmp_path / "closed.json"), "--apply")
    assert (status, "is no list of numbers" in said) == (1, True)
    assert neon.asked == []
