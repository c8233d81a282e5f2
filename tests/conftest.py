"""Stacks for the tests that drive the whole hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.env import BASE_DIR
from tests.stack import HubStack, Template


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's, with every model on offer for ever: a test must not fail when a day has come."""
    lines = (BASE_DIR / "generations" / "catalogue.toml").read_text().splitlines()
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.toml"
    path.write_text("\n".join(line for line in lines if not line.startswith("shutdown_at")))
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, catalogue: Path) -> Iterator[Template]:
    """Tables, the repository's prices, and a client whose quota nobody uses up."""
    made = Template(tmp_path_factory.mktemp("template"), HUB_CATALOGUE=str(catalogue))
    yield made
    made.drop()


@pytest.fixture(scope="module")
def new_stack(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[Callable[..., HubStack]]:
    """Starts stacks that end with the module."""
    with ExitStack() as cleanup:

        def new_stack(**options: Any) -> HubStack:
            return cleanup.enter_context(HubStack(tmp_path_factory.mktemp("stack"), template, **options))

        yield new_stack
