"""Every code of docs/ERRORS.md is met through the door where it stands, and what was refused changed nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from generations import due
from generations.models import Generation, Quote
from generations.webhooks import tasks
from generations.webhooks.due import DELIVERIES
from hub.api.error_catalogue import Entry, entries
from hub.common.errors import HubError
from hub.common.redis import redis_client
from hub.management.commands.document_errors import import_everything
from media.models import Media
from tests.api.provocations import PROVOCATIONS, Scene
from tests.rest import Caller, assert_problem, world
from usage.models import ModelPrice, Quota
from users.models import User

pytestmark = pytest.mark.usefixtures("prices")
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
# What a second loader writes while the first one waits to be confirmed is not of the refused one.
BY_SOMEBODY_ELSE = {"prices_changed_meanwhile": {"AuditLog": 1, "ModelPrice": 1}}


def documented() -> dict[str, Entry]:
    import_everything()
    return {entry.code: entry for entry in entries()}


@pytest.fixture(autouse=True)
def nothing_due(db: None) -> Iterator[None]:
    """Empty due sets and an empty queue, before and after."""
    redis_client().delete(due.KEY, DELIVERIES.key, tasks.QUEUE)
    yield
    redis_client().delete(due.KEY, DELIVERIES.key, tasks.QUEUE)


@pytest.fixture
def scene(
    caller: Caller,
    stranger: Caller,
    new_caller: Callable[..., Caller],
    new_generation: Callable[..., Generation],
    new_media: Callable[..., Media],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Scene:
    return Scene(caller, stranger, new_caller, new_generation, new_media, settings, monkeypatch, tmp_path)


def everything(scene: Scene) -> dict[str, Any]:
    """Rows, holds, what is due and what lies in storage."""
    stored = sorted(str(path) for path in (scene.folder / "media").rglob("*") if path.is_file())
    tables = {table.__name__: table.objects.count() for table in (ModelPrice, Quote, Quota, User)}
    return {**world(), **tables, "stored": stored}


def test_every_documented_code_has_a_provocation_and_none_is_made_up() -> None:
    assert set(PROVOCATIONS) == set(documented()), "add a provocation to tests/api/provocations, or take it away"


@pytest.mark.parametrize("code", sorted(PROVOCATIONS))
def test_it_is_met_and_nothing_happens(scene: Scene, code: str) -> None:
    entry, provocation = documented()[code], PROVOCATIONS[code]
    ask = provocation.set_up(scene)
    before = everything(scene)
    if entry.is_for_operators:
        assert_command_refuses(ask, code)
    else:
        assert_answer_is_as_documented(ask(), entry)
    expected = {"AuditLog": 1} if provocation.is_audited else BY_SOMEBODY_ELSE.get(code, {})
    assert everything(scene) == {**before, **{name: before[name] + more for name, more in expected.items()}}


def assert_answer_is_as_documented(answer: Any, entry: Entry) -> None:
    """Status, shape, title; no fact that the page does not have, and every header that it has."""
    problem = assert_problem(answer, entry.status, entry.code)
    assert problem["title"] == entry.title
    facts = set(problem) - MEMBERS
    assert facts <= set(entry.facts), "add them to fact_names of the class"
    assert bool(facts) == bool(entry.facts), "fact_names names facts that are not sent"
    assert all(answer.headers.get(name) for name in entry.headers)


def assert_command_refuses(ask: Callable[[], Any], code: str) -> None:
    """One line on standard error and status 1: that is what a CommandError is."""
    with pytest.raises(CommandError) as refusal:
        ask()
    cause = refusal.value.__cause__
    assert isinstance(cause, HubError)
    assert cause.code == code
    assert cause.detail in str(refusal.value)
    assert "\n" not in str(refusal.value)
