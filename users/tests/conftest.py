"""People and keys for the tests of this app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps

from users.models import ApiKey, User
from users.services import create_user, issue_api_key


@pytest.fixture
def alice(db: None) -> User:
    """A client."""
    return create_user(email="alice@example.com")


@pytest.fixture
def key_and_text(alice: User) -> tuple[ApiKey, str]:
    """Alice's key and its text."""
    return issue_api_key(owner=alice, name="laptop")


@pytest.fixture
def snapshot(db: None) -> Callable[[], dict[str, list[dict[str, Any]]]]:
    """Every row of every table but the audit trail, to show that nothing happened."""

    def take() -> dict[str, list[dict[str, Any]]]:
        models = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label != "audit"]
        return {model._meta.db_table: list(model._default_manager.order_by("pk").values()) for model in models}

    return take
