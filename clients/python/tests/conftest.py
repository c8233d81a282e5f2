"""Hubs to call: scripted ones, and one of real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from halves import AsyncHalf, SyncHalf
from scripted_hub import ScriptedHub, running_scripted_hub

from generation_hub.options import KEY_VARIABLE, URL_VARIABLE
from tests.conftest import catalogue, template
from tests.receiver import Receiver, running_receiver
from tests.stack import HubStack, Template

__all__ = ["catalogue", "template"]


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.fixture(params=[SyncHalf, AsyncHalf], ids=["sync", "async"])
def half(request: pytest.FixtureRequest) -> Iterator[SyncHalf | AsyncHalf]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def scripted() -> Iterator[ScriptedHub]:
    with running_scripted_hub() as running:
        yield running


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[HubStack]:
    """A hub of real processes that lets webhooks go to loopback."""
    with HubStack(tmp_path_factory.mktemp("client"), template, WEBHOOK_ALLOWED_HOSTS="127.0.0.1") as running:
        yield running
