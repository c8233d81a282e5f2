"""Fixtures of more than one app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone

from generations import due
from generations.models import Generation
from hub.common.ids import uuid7
from hub.common.redis import redis_client
from hub.neon import backup_records
from media import services as media
from media.models import Media
from tests import owner
from tests.backup_record import a_backup
from tests.rest import Caller
from usage.services import set_quota
from users.models import User
from users.scopes import ALL_SCOPES
from users.services import create_user, issue_api_key


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """In place of pytest-django's own, which would make the database as the role that the tests run as."""
    with (
        django_db_blocker.unblock(),
        owner.made_test_database(request.config.option.verbose),
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.block(),
    ):
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test_case: owner.flush())
        yield


@pytest.fixture
def committed(transactional_db: None) -> None:
    """For tests whose threads or processes must see each other's rows."""


@pytest.fixture
def backed_up(db: None, settings: Any, tmp_path: Any) -> None:
    """A backup of the test database on record, so that a test may migrate back (docs/MIGRATIONS.md)."""
    settings.BACKUP_RECORDS = str(tmp_path / "backups.jsonl")
    backup_records.append(a_backup(backup_records.identity_of(connection)))


@pytest.fixture
def new_caller(db: None) -> Callable[..., Caller]:
    """Makes accounts with a key and a quota of so many US dollars in total (None: no quota at all)."""
    numbers = count(1)

    def new_caller(*, quota: str | None = "100", scopes: tuple[str, ...] = ALL_SCOPES) -> Caller:
        user = create_user(email=f"caller{next(numbers)}@example.org")
        key, text = issue_api_key(owner=user, name="test", scopes=scopes)
        if quota is not None:
            set_quota(user=user, kind="", period="total", limit=Decimal(quota), actor=None)
        return Caller(user, key, text)

    return new_caller


@pytest.fixture
def caller(new_caller: Callable[..., Caller]) -> Caller:
    """With every scope and $100."""
    return new_caller()


@pytest.fixture
def stranger(new_caller: Callable[..., Caller]) -> Caller:
    """Somebody else."""
    return new_caller()


@pytest.fixture
def prices(db: None) -> None:
    """Those of the repository."""
    call_command("load_prices", "--yes", stdout=StringIO())


@pytest.fixture
def no_jobs(db: None) -> None:
    """An empty due set."""
    redis_client().delete(due.KEY)


@pytest.fixture
def new_generation(db: None) -> Callable[..., Generation]:
    """Makes rows as `submit` would, without quota or broker."""

    def new_generation(owner: User, **changes: Any) -> Generation:
        facts: dict[str, Any] = {
            "owner": owner,
            "kind": "text",
            "model": "gemini-3.8-flash",
            "adapter": "gemini",
            "prompt": "The sea.",
            "estimate": Decimal("0.05"),
            "rates": {"model": "gemini-3.8-flash", "rates": []},
            "request_id": "test",
            "admitted_at": timezone.now(),
            **changes,
        }
        if facts.get("status", "queued") not in Generation.OPEN:
            facts.setdefault("finished_at", timezone.now())
        return Generation.objects.create(**facts)

    return new_generation


@pytest.fixture
def new_media(db: None, settings: Any, tmp_path: Any) -> Callable[..., Media]:
    """Stores bytes as a file of `owner`, in a place of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def new_media(owner: User, content: bytes, mime_type: str = "video/mp4", reference: UUID | None = None) -> Media:
        source = tmp_path / "source"
        source.write_bytes(content)
        with source.open("rb") as file:
            folder = f"generations/00/{uuid7()}"
            stored = media.store_file(folder=folder, name="1-0", source=file, mime_type=mime_type)
        assert default_storage.exists(stored.key)
        return media.record_file(owner_id=owner.id, reference=reference or uuid7(), position=0, stored=stored)

    return new_media
