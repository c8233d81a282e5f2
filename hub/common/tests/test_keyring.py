"""Keys: how rings are read, what is sealed with them and when it opens."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from hub.common import keyring
from hub.common.keyring import (
    ENCRYPTION,
    INDEX,
    KeyringError,
    NotSealed,
    SealBroken,
    UnknownKey,
    blind_index,
    blind_indexes,
    key_ring,
    seal,
    sealed_with,
    unseal,
)

OLD = "old:" + base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
# Another key under a name that is already taken: what a typing error in a deployment looks like.
IMPOSTOR = "old:" + base64.urlsafe_b64encode(b"x" * 32).decode()


@pytest.fixture
def old_key(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = (OLD,)
    settings.FIELD_INDEX_KEYS = (OLD,)


def refuses_to_open(sealed: bytes, expected: type[KeyringError], *, purpose: str = "users.email") -> KeyringError:
    with pytest.raises(expected) as caught:
        unseal(sealed, purpose=purpose)
    assert "hello" not in str(caught.value)
    return caught.value


@pytest.mark.usefixtures("old_key")
@pytest.mark.parametrize("plain", [b"", b"hello", b"\x00\xff" * 5000])
def test_it_opens_what_it_sealed(plain: bytes) -> None:
    sealed = seal(plain, purpose="users.email")

    assert unseal(sealed, purpose="users.email") == plain
    assert sealed_with(sealed) == "old"
    assert len(sealed) == 2 + len("old") + 12 + len(plain) + 16


@pytest.mark.usefixtures("old_key")
def test_it_never_seals_the_same_text_to_the_same_bytes() -> None:
    assert seal(b"hello", purpose="users.email") != seal(b"hello", purpose="users.email")


@pytest.mark.usefixtures("old_key")
def test_it_does_not_open_for_another_purpose() -> None:
    refuses_to_open(seal(b"hello", purpose="users.email"), SealBroken, purpose="users.phone")


@pytest.mark.usefixtures("old_key")
def test_it_names_the_key_that_is_not_in_the_ring(settings: Settings) -> None:
    sealed = seal(b"hello", purpose="users.email")
    settings.FIELD_ENCRYPTION_KEYS = (NEW,)

    error = refuses_to_open(sealed, UnknownKey)

    assert isinstance(error, UnknownKey)
    assert error.kid == "old"
    assert "'old'" in str(error)
    assert ENCRYPTION in str(error)


@pytest.mark.usefixtures("old_key")
def test_it_names_the_key_that_does_not_fit(settings: Settings) -> None:
    sealed = seal(b"hello", purpose="users.email")
    settings.FIELD_ENCRYPTION_KEYS = (IMPOSTOR,)

    error = refuses_to_open(sealed, SealBroken)

    assert isinstance(error, SealBroken)
    assert error.kid == "old"
    assert "'old'" in str(error)
    assert "users.email" in str(error)


@pytest.mark.usefixtures("old_key")
def test_old_values_open_and_new_ones_are_written_with_the_first_key(settings: Settings) -> None:
    before = seal(b"hello", purpose="users.email")
    settings.FIELD_ENCRYPTION_KEYS = (NEW, OLD)
    after = seal(b"hello", purpose="users.email")

    assert unseal(before, purpose="users.email") == b"hello"
    assert sealed_with(after) == "new"

    settings.FIELD_ENCRYPTION_KEYS = (NEW,)
    assert unseal(after, purpose="users.email") == b"hello"
    refuses_to_open(before, UnknownKey)


@pytest.mark.usefixtures("old_key")
def test_no_byte_of_a_sealed_value_can_be_changed() -> None:
    sealed = seal(b"hello", purpose="users.email")
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        refuses_to_open(changed, KeyringError)


@pytest.mark.usefixtures("old_key")
def test_a_value_that_is_cut_short_or_was_never_sealed_is_refused() -> None:
    sealed = seal(b"hello", purpose="users.email")
    for length in range(len(sealed)):
        refuses_to_open(sealed[:length], KeyringError)
    refuses_to_open(b"hello@example.com", NotSealed)
    refuses_to_open(pickle.dumps("hello"), NotSealed)


def test_the_errors_survive_the_way_between_processes() -> None:
    for error in (UnknownKey("old", ENCRYPTION), SealBroken("old", "users.email")):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert copy.kid == "old"


@pytest.mark.usefixtures("old_key")
def test_an_index_is_steady_and_different_for_each_purpose_key_and_value(settings: Settings) -> None:
    index = blind_index("a@example.com", purpose="users.email")

    assert len(index) == 32
    assert blind_index("a@example.com", purpose="users.email") == index
    assert blind_index("b@example.com", purpose="users.email") != index
    assert blind_index("a@example.com", purpose="audit_logs.ip") != index
    settings.FIELD_INDEX_KEYS = (NEW,)
    assert blind_index("a@example.com", purpose="users.email") != index


@pytest.mark.usefixtures("old_key")
def test_an_index_is_written_with_the_first_key_and_looked_up_with_all(settings: Settings) -> None:
    old_index = blind_index("a@example.com", purpose="users.email")
    settings.FIELD_INDEX_KEYS = (NEW, OLD)

    new_index = blind_index("a@example.com", purpose="users.email")

    assert list(blind_indexes("a@example.com", purpose="users.email")) == [new_index, old_index]
    assert new_index != old_index


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ((), "is empty"),
        ((OLD, IMPOSTOR), "twice"),
        (("old:c2hvcnQ",), "'old'"),
        (("old:!!!!",), "'old'"),
        (("old",), "'old'"),
        ((OLD[3:],), "name"),
        (("o" * 33 + OLD[3:],), "name"),
    ],
)
def test_a_ring_that_makes_no_sense_is_refused_by_name_without_its_keys(
    settings: Settings, entries: tuple[str, ...], complaint: str
) -> None:
    settings.FIELD_INDEX_KEYS = entries
    with pytest.raises(ImproperlyConfigured) as caught:
        key_ring(INDEX)
    assert INDEX in str(caught.value)
    assert complaint in str(caught.value)
    for entry in entries:
        assert entry.partition(":")[2] not in str(caught.value) or not entry.partition(":")[2]


@pytest.mark.usefixtures("old_key")
def test_a_ring_is_parsed_once_for_each_value_of_the_setting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse: Callable[[str, str], keyring.Key] = keyring._parse_key

    def counting(name: str, entry: str) -> keyring.Key:
        parsed.append(entry)
        return parse(name, entry)

    monkeypatch.setattr(keyring, "_parse_key", counting)
    keyring._parse_ring.cache_clear()
    for _ in range(3):
        key_ring(ENCRYPTION)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    key_ring(ENCRYPTION)

    assert parsed == [OLD, NEW, OLD]


@pytest.mark.usefixtures("old_key")
def test_the_secret_is_in_no_repr() -> None:
    ring = key_ring(ENCRYPTION)
    assert "oooo" not in repr(ring)
    assert OLD.partition(":")[2] not in repr(ring)
