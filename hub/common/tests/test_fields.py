"""Encrypted fields and blind indexes, on a table of their own in PostgreSQL."""

from __future__ import annotations

import base64
import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.test.utils import isolate_apps
from pytest_django import Settings

from hub.common.fields import (
    BlindIndexField,
    EncryptedEmailField,
    EncryptedJSONField,
    EncryptedTextField,
    PlaintextRefused,
)
from hub.common.keyring import NotSealed, SealBroken, UnknownKey, blind_index, sealed_with
from hub.common.models import HubModel
from tests.owner import create_table

pytestmark = pytest.mark.django_db

OLD = "old:" + base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()

Model = type[Any]


@pytest.fixture(autouse=True)
def old_key(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = (OLD,)


@pytest.fixture
def letter() -> Iterator[Model]:
    with isolate_apps("hub"):

        class Letter(HubModel):
            body = EncryptedTextField(null=True)
            draft = EncryptedTextField(null=True)
            sender = EncryptedEmailField(null=True)
            facts = EncryptedJSONField(null=True)
            index = BlindIndexField(null=True, unique=True)

            class Meta:
                app_label = "hub"
                db_table = "test_letters"

        create_table(Letter)
        yield Letter


def stored(column: str, table: str = "test_letters") -> bytes | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        value = cursor.fetchone()[0]
    return None if value is None else bytes(value)


def store(column: str, value: bytes | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE test_letters SET {column} = %s", [value])


@pytest.mark.parametrize("text", ["", "x", "caf\u00e9 \U0001f600", "a\x00b", "\ud800 alone", " spaces ", "y" * 100_000])
def test_it_gives_back_the_text_it_was_given(letter: Model, text: str) -> None:
    letter.objects.create(body=text)
    assert letter.objects.get().body == text


@pytest.mark.parametrize(
    "value",
    [{}, [], "", 0, False, {"a": [1, 2.5, None, {"b": "\u00fc"}]}, 10**30, 0.1 + 0.2, "2026-01-02T03:04:05.678901"],
)
def test_it_gives_back_the_json_it_was_given(letter: Model, value: object) -> None:
    letter.objects.create(facts=value)
    assert letter.objects.get().facts == value


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC),
        Decimal("0.1000000001"),
        uuid.uuid4(),
        float("nan"),
        b"bytes",
        {1, 2},
    ],
)
def test_it_refuses_what_json_cannot_hold_exactly(letter: Model, value: object) -> None:
    with pytest.raises((TypeError, ValueError)), transaction.atomic():
        letter.objects.create(facts={"at": value})
    assert letter.objects.count() == 0


def test_null_stays_null(letter: Model) -> None:
    letter.objects.create()
    assert stored("body") is None
    assert stored("facts") is None
    found = letter.objects.get(body__isnull=True, facts__isnull=True)
    assert found.body is None
    assert found.facts is None


def test_an_empty_text_is_not_null(letter: Model) -> None:
    letter.objects.create(body="")
    assert stored("body") not in (None, b"")
    assert letter.objects.filter(body__isnull=False).count() == 1


def test_nothing_of_the_text_is_in_the_database(letter: Model) -> None:
    letter.objects.create(body="canary-text", sender="canary@example.com", facts={"canary": "canary-json"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_letters::text, encode(body, 'escape') FROM test_letters")
        dumped = "".join(cursor.fetchone())
    raw = b"".join(filter(None, (stored(column) for column in ("body", "sender", "facts"))))
    assert "canary" not in dumped
    assert b"canary" not in raw


def test_short_texts_of_different_length_look_the_same(letter: Model) -> None:
    letter.objects.create(body="1.1.1.1")
    short = stored("body")
    letter.objects.update(body="255.255.255.255")
    assert short is not None
    assert len(short) == len(stored("body") or b"")


def test_it_survives_every_way_of_writing(letter: Model) -> None:
    one, two = letter.objects.bulk_create([letter(body="1"), letter(body="2")])
    one.body, two.body = "one", "two"
    letter.objects.bulk_update([one, two], ["body"])
    assert set(letter.objects.values_list("body", flat=True)) == {"one", "two"}

    letter.objects.filter(id=one.id).update(body="three", facts={"n": 3})
    assert letter.objects.get(id=one.id).body == "three"

    letter.objects.bulk_create(
        [letter(id=one.id, body="four")], update_conflicts=True, unique_fields=["id"], update_fields=["body"]
    )
    assert letter.objects.get(id=one.id).body == "four"
    inner = letter.objects.filter(id=OuterRef("id")).values("body")
    assert set(letter.objects.annotate(again=Subquery(inner)).values_list("again", flat=True)) == {"four", "two"}


def test_a_value_moved_to_another_column_does_not_open(letter: Model) -> None:
    letter.objects.create(body="private")
    store("draft", stored("body"))
    with pytest.raises(SealBroken) as caught:
        letter.objects.get()
    assert caught.value.purpose == "test_letters.draft"
    assert letter.objects.defer("draft").get().body == "private"


def test_a_column_copied_in_sql_does_not_open(letter: Model) -> None:
    letter.objects.create(body="private")
    letter.objects.update(draft=F("body"))
    with pytest.raises(SealBroken):
        letter.objects.get()


@isolate_apps("hub")
def test_a_value_moved_to_another_table_does_not_open(letter: Model) -> None:
    class Postcard(HubModel):
        body = EncryptedTextField(null=True)

        class Meta:
            app_label = "hub"
            db_table = "test_postcards"

    create_table(Postcard)
    letter.objects.create(body="private")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO test_postcards (id, created_at, body) SELECT id, created_at, body FROM test_letters"
        )
    with pytest.raises(SealBroken):
        Postcard.objects.get()


def test_a_missing_key_is_named_and_the_stored_bytes_are_not_handed_out(letter: Model, settings: Settings) -> None:
    letter.objects.create(body="private")
    settings.FIELD_ENCRYPTION_KEYS = (NEW,)
    with pytest.raises(UnknownKey, match="'old'"):
        letter.objects.get()
    with pytest.raises(UnknownKey, match="'old'"):
        list(letter.objects.values_list("body"))


@pytest.mark.parametrize("raw", [b"", b"private", b"\x80\x04\x95private.", b'"private"'])
def test_what_was_never_sealed_is_not_handed_out(letter: Model, raw: bytes) -> None:
    letter.objects.create(body="x")
    store("body", raw)
    with pytest.raises(NotSealed):
        letter.objects.get()


def test_saving_again_rewrites_a_value_with_the_first_key(letter: Model, settings: Settings) -> None:
    letter.objects.create(body="private")
    settings.FIELD_ENCRYPTION_KEYS = (NEW, OLD)
    row = letter.objects.get()
    assert sealed_with(stored("body") or b"") == "old"
    row.save()
    assert sealed_with(stored("body") or b"") == "new"
    settings.FIELD_ENCRYPTION_KEYS = (NEW,)
    assert letter.objects.get().body == "private"


@pytest.mark.parametrize("lookup", ["body", "body__iexact", "body__contains", "body__in", "facts__a", "facts__a__gt"])
def test_it_can_be_asked_only_whether_it_is_null(letter: Model, lookup: str) -> None:
    with pytest.raises(FieldError, match="is encrypted") as caught:
        letter.objects.filter(**{lookup: ["x"] if lookup.endswith("in") else "x"})
    assert "isnull" in str(caught.value)
    with pytest.raises(FieldError, match="is encrypted"):
        letter.objects.exclude(Q(**{lookup: ["x"]}))


def test_a_computed_value_without_a_column_is_refused(letter: Model) -> None:
    letter.objects.create()
    with pytest.raises(FieldError, match="must be on a model"):
        list(letter.objects.annotate(text=Coalesce("body", Value("x", output_field=EncryptedTextField()))))


@pytest.mark.parametrize("form", ["json", "xml", "python"])
def test_dumpdata_does_not_write_it_out(letter: Model, form: str) -> None:
    letter.objects.create(body="private", facts={"a": "private"})
    with pytest.raises(PlaintextRefused) as caught:
        serializers.serialize(form, letter.objects.all())
    assert "private" not in str(caught.value)


@isolate_apps("hub")
def test_a_unique_or_indexed_encrypted_field_is_a_mistake_that_check_finds() -> None:
    class Wrong(HubModel):
        body = EncryptedTextField(unique=True)
        draft = EncryptedTextField(db_index=True)
        fine = EncryptedTextField()

        class Meta:
            app_label = "hub"

    found = [error for field in Wrong._meta.local_fields for error in field.check()]
    assert [error.id for error in found] == ["hub.fields.E001", "hub.fields.E001"]


@pytest.mark.parametrize(
    ("field", "written"),
    [
        (EncryptedTextField(null=True), "hub.common.fields.EncryptedTextField(null=True)"),
        (EncryptedEmailField(), "hub.common.fields.EncryptedEmailField(max_length=254)"),
        (EncryptedJSONField(default=dict), "hub.common.fields.EncryptedJSONField(default=dict)"),
        (BlindIndexField(unique=True), "hub.common.fields.BlindIndexField(unique=True)"),
    ],
)
def test_a_migration_carries_no_key(field: models.Field[Any, Any], written: str) -> None:
    assert MigrationWriter.serialize(field)[0] == written
    assert MigrationWriter.serialize(field.clone())[0] == written


def test_a_key_cannot_be_given_in_the_code() -> None:
    with pytest.raises(TypeError):
        EncryptedTextField(key="x")
    with pytest.raises(TypeError):
        EncryptedTextField(ttl=5)


def test_a_row_is_found_by_its_blind_index(letter: Model) -> None:
    index = blind_index("a@example.com", purpose="test_letters.sender")
    row = letter.objects.create(sender="a@example.com", index=index)

    assert letter.objects.get(index=index) == row
    assert letter.objects.get(index__in=[index]) == row
    assert bytes(letter.objects.get().index) == index
    assert not letter.objects.filter(index=blind_index("b@example.com", purpose="test_letters.sender")).exists()


@pytest.mark.parametrize("value", ["a@example.com", b"a@example.com", b"", "ab" * 32])
def test_a_blind_index_takes_hashes_alone(letter: Model, value: object) -> None:
    with pytest.raises(ValueError, match="32 bytes"), transaction.atomic():
        letter.objects.create(index=value)
    with pytest.raises(ValueError, match="32 bytes"):
        letter.objects.filter(index=value).exists()
    assert letter.objects.count() == 0


def test_a_blind_index_has_no_order_and_no_parts(letter: Model) -> None:
    with pytest.raises(FieldError, match="blind index"):
        letter.objects.filter(index__gt=bytes(32))
