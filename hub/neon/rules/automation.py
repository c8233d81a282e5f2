"""Sections 4 and 13: what happens by itself when a change is proposed and when it is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from hub.neon.rules.rule import Place, Rule, Verdict, unless

FOLDER = ".github/workflows"
TEMPLATE = ".github/pull_request_template.md"
SECTION = "Data change"
ONBOARDING = "docs/ONBOARDING.md"
PROTOCOL = "## A change of the schema: the protocol of its review"
# The steps of a deploy, each by what its command says, in the order in which they must come.
DEPLOY = ("backup_database", "migrate --gate", "migrate --noinput", "smoke.py")
TESTS = "tests.yml"
_PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")


def workflows(place: Place) -> dict[str, Any]:
    """The workflows of the tree by the name of their file."""
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted((place.root / FOLDER).glob("*.yml"))}


def steps_of(workflow: Any) -> Iterator[dict[str, Any]]:
    """Every step of every job, in order."""
    for job in workflow["jobs"].values():
        yield from job.get("steps", ())


def branches_have_an_end(place: Place) -> Verdict:
    """4.1"""
    return unless(_branches(place))


def _branches(place: Place) -> Iterator[str]:
    made = [step for each in workflows(place).values() for step in steps_of(each) if _uses(step, "create-branch")]
    deleted = any(_deletes(step) for each in workflows(place).values() for step in steps_of(each))
    if not made:
        yield "No workflow makes a branch for a pull request."
    if any(not step["with"].get("expires_at") for step in made):
        yield "A workflow makes a branch without expires_at."
    if not deleted:
        yield "No workflow deletes the branch of a pull request that is closed."


def _deletes(step: dict[str, Any]) -> bool:
    return _uses(step, "delete-branch") or "neon_branches --delete" in str(step.get("run"))


def _uses(step: dict[str, Any], action: str) -> bool:
    return f"neondatabase/{action}-action@" in str(step.get("uses", ""))


def data_changes_are_described(place: Place) -> Verdict:
    """13.1"""
    return unless(_undescribed(place))


def _undescribed(place: Place) -> Iterator[str]:
    if SECTION not in place.text(TEMPLATE):
        yield f"{TEMPLATE} has no section {SECTION}."
    if not any("data_change" in str(step.get("run")) for each in workflows(place).values() for step in steps_of(each)):
        yield "No workflow checks that a migration comes with a description."


def deploys_go_in_order(place: Place) -> Verdict:
    """13.2"""
    return unless(_out_of_order(place))


def _out_of_order(place: Place) -> Iterator[str]:
    deploy = workflows(place).get("deploy.yml")
    if deploy is None:
        yield f"{FOLDER}/deploy.yml is not there."
        return
    said = "\n".join(str(step.get("run", "")) for step in steps_of(deploy))
    at = [said.find(each) for each in DEPLOY]
    yield from (f"The deploy has no step {each!r}." for each, where in zip(DEPLOY, at, strict=True) if where < 0)
    if -1 not in at and at != sorted(at):
        yield f"The deploy's steps are not in the order {', '.join(DEPLOY)}."
    yield from _unapproved(deploy)


def _unapproved(deploy: Any) -> Iterator[str]:
    jobs = deploy["jobs"].values()
    if not any(job.get("environment") for job in jobs):
        yield "The deploy waits for nobody's approval: no job names an environment."
    tested = [name for name, job in deploy["jobs"].items() if str(job.get("uses", "")).endswith(f"/{TESTS}")]
    if not tested or any(job.get("needs") not in tested for job in jobs if "steps" in job):
        yield f"The deploy does not wait for {TESTS}."


def actions_are_pinned(place: Place) -> Verdict:
    """13.3"""
    return unless(
        f"{FOLDER}/{name} uses {step['uses']}, which is not pinned by commit."
        for name, workflow in workflows(place).items()
        for step in steps_of(workflow)
        if "uses" in step and not step["uses"].startswith("./") and not _PINNED.match(step["uses"])
    )


def schema_changes_are_reviewed(place: Place) -> Verdict:
    """13.4"""
    return unless(_unreviewed(place))


def _unreviewed(place: Place) -> Iterator[str]:
    if PROTOCOL not in place.text(ONBOARDING).splitlines():
        yield f"{ONBOARDING} has no section {PROTOCOL.lstrip('# ')!r}."
    if ONBOARDING not in place.text(TEMPLATE):
        yield f"{TEMPLATE} does not lead its reviewers to {ONBOARDING}."


RULES_OF_BRANCHES = (
    Rule("4.1", branches_have_an_end, "Give the step expires_at; docs/BRANCHES.md has the workflows.", of_sources=True),
)
RULES = (
    Rule(
        "13.1",
        data_changes_are_described,
        "Put the section into the template and the check into a workflow.",
        of_sources=True,
    ),
    Rule("13.2", deploys_go_in_order, f"The order is {', '.join(DEPLOY)}.", of_sources=True),
    Rule(
        "13.3",
        actions_are_pinned,
        "Put the commit's 40 digits behind the @ and the version into a comment.",
        of_sources=True,
    ),
    Rule(
        "13.4",
        schema_changes_are_reviewed,
        f"Put the section into {ONBOARDING}, and name that page in the template.",
        of_sources=True,
    ),
)
