"""The keys of the blind indexes rotate: accounts are found and stay unique at every step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from hub import env
from hub.common.fields import BlindIndexField
from hub.common.ids import uuid7
from hub.common.indexing import indexed_models, lasting_indexes_of, pairs_of
from tests.rotation.keys import indexing, ring
from users.errors import EmailTaken
from users.models import User
from users.privacy.erasure_log import Entry, append
from users.services import create_user

pytestmark = pytest.mark.django_db
EMAILS = [f"u{number}@example.org" for number in range(5)]
# Each step with the keys that processes have while it is taken, in the order of docs/ENCRYPTION.md.
STEPS: list[tuple[tuple[str, ...], str]] = [(("a",), ""), (("a", "b"), "b"), (("b", "a"), ""), (("b",), "")]


@pytest.fixture
def accounts() -> Iterator[list[User]]:
    with indexing("a"):
        yield [create_user(email=email) for email in EMAILS]


def run(*words: str) -> Any:
    out = StringIO()
    call_command("rotate_encryption", "--json", *words, stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def check() -> tuple[dict[str, bool], str]:
    out, wrong = StringIO(), ""
    try:
        call_command("rotate_encryption", "--check", "--json", stdout=out)
    except CommandError as error:
        wrong = str(error)
    keys = json.loads(out.getvalue())["FIELD_INDEX_KEYS"]["keys"]
    return {each["kid"]: each["may_go"] for each in keys}, wrong


def hashes() -> list[tuple[bytes | None, ...]]:
    rows = User.objects.order_by("id").values_list("email_index", "email_index_next")
    return [tuple(None if each is None else bytes(each) for each in row) for row in rows]


def test_every_blind_index_rotates_or_says_why_not() -> None:
    for model in indexed_models():
        rotating = {name for pair in pairs_of(model) for name in (pair.index, pair.following)}
        lasting = lasting_indexes_of(model)
        fields = {field.name for field in model._meta.local_fields if isinstance(field, BlindIndexField)}
        say = f"say in INDEX_PAIRS or LASTING_INDEXES of {model.__name__} what becomes of each of {fields}"
        assert rotating | set(lasting) == fields, say
        assert not rotating & set(lasting)
        unique = {tuple(each.fields) for each in model._meta.constraints if hasattr(each, "fields")}
        for pair in pairs_of(model):
            assert any(pair.index in each for each in unique) == any(pair.following in each for each in unique)


def test_at_every_step_everybody_is_found_and_nobody_twice(accounts: list[User]) -> None:
    for kids, following in STEPS:
        with indexing(*kids, following=following):
            for _ in range(2):
                for user, email in zip(accounts, EMAILS, strict=True):
                    assert User.objects.get_by_natural_key(email.upper()) == user
                    with pytest.raises(EmailTaken):
                        create_user(email=email)
                run()
            assert run()["indexed"] == []
    assert User.objects.count() == len(EMAILS)


def test_a_dry_run_says_what_the_real_one_does_and_writes_nothing(accounts: list[User]) -> None:
    with indexing("a", "b", following="b"):
        before = hashes()
        dry = run("--dry-run")
        assert hashes() == before
        real = run("--batch", "2")
    row = {"table": "users", "column": "email_index_next", "kid": "a", "values": 5}
    assert dry["indexed"] == real["indexed"] == [row]
    assert [first for first, _ in hashes()] == [first for first, _ in before]
    assert all(first != following for first, following in hashes())


def test_a_key_may_go_when_no_index_is_under_it(accounts: list[User]) -> None:
    with indexing("b", "a"):
        may_go, wrong = check()
        assert may_go == {"b": False, "a": False}
        assert "5 values of users.email_index are hashed with 'a', not with 'b'" in wrong
        run()
        assert check() == ({"b": False, "a": True}, "")


def test_a_key_that_the_erasure_log_names_stays(accounts: list[User], erasure_log: Path) -> None:
    append(Entry(request_id=str(uuid7()), account=f"a:{'00' * 32}", at="2026-11-22T10:00:00Z"))
    append(Entry(request_id=str(uuid7()), account=f"gone:{'00' * 32}", at="2026-11-22T10:00:00Z"))
    with indexing("b", "a"):
        run()
        may_go, wrong = check()
    assert may_go == {"b": False, "a": False, "gone": False}
    assert "1 entries of the erasure log need the key 'gone', which is not in FIELD_INDEX_KEYS" in wrong


def test_an_account_that_former_code_made_is_filled_in(accounts: list[User]) -> None:
    User.objects.filter(id=accounts[0].id).update(email_index_next=None)
    with indexing("a"):
        done = run()
    assert done["indexed"] == [{"table": "users", "column": "email_index_next", "kid": "none", "values": 1}]
    assert all(first == following for first, following in hashes())


def test_a_hash_under_no_key_that_is_left_is_made_anew_from_the_address(accounts: list[User]) -> None:
    with indexing("c"):
        assert run()["indexed"] == [
            {"table": "users", "column": column, "kid": "unknown", "values": 5}
            for column in ("email_index", "email_index_next")
        ]
        assert User.objects.get_by_natural_key(EMAILS[0]) == accounts[0]


def test_an_erased_account_gets_no_hash(accounts: list[User]) -> None:
    User.objects.filter(id=accounts[0].id).update(
        status=User.Status.ANONYMISED, email=None, email_index=None, email_index_next=None
    )
    with indexing("b", "a"):
        run()
    assert hashes()[0] == (None, None)


def test_two_accounts_of_one_address_are_both_named_and_the_others_go_on(accounts: list[User]) -> None:
    # What the steps prevent: one process with a key that no other one has.
    with indexing("b"):
        double = create_user(email=EMAILS[2])
    with indexing("b", "a"):
        with pytest.raises(CommandError, match="hold one value") as caught:
            run("--batch", "10")
        assert str(double.id) in str(caught.value)
        assert str(accounts[2].id) in str(caught.value)
        for user, email in zip(accounts, EMAILS, strict=True):
            if email != EMAILS[2]:
                assert User.objects.get_by_natural_key(email) == user
        assert EMAILS[2] not in str(caught.value)


def test_the_next_key_must_be_in_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELD_INDEX_NEXT", "z")
    with pytest.raises(ImproperlyConfigured, match="there is no key 'z' in the ring; it has a, b"):
        env.key_name("FIELD_INDEX_NEXT", ring=ring("a", "b"))


def test_the_database_keeps_no_hash_without_an_address(accounts: list[User]) -> None:
    with pytest.raises(IntegrityError, match="users_email_with_index"), transaction.atomic():
        User.objects.filter(id=accounts[0].id).update(email=None, email_index=None)
    assert None not in hashes()[0]
