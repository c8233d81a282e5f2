"""Everything that is sealed comes under the first key, whichever table it is in, and says the same as before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audit.models import AuditLog
from hub.common.fields import SealedMixin
from hub.common.sealed_columns import sealed_tables
from media.models import Media
from tests.privacy.world import Life, make_life
from tests.rotation.keys import sealing

pytestmark = pytest.mark.django_db


@pytest.fixture
def life(new_media: Callable[..., Media], erasure_log: Any) -> Iterator[Life]:
    """Two of everything, sealed with the key that is called old."""
    with sealing("old"):
        yield make_life(new_media)


def rotate(*words: str) -> Any:
    out = StringIO()
    call_command("rotate_encryption", "--json", *words, stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def check() -> Any:
    out = StringIO()
    try:
        call_command("rotate_encryption", "--check", "--json", stdout=out, stderr=StringIO())
    except CommandError as error:
        return {**json.loads(out.getvalue()), "error": str(error)}
    return json.loads(out.getvalue())


def contents() -> dict[str, Any]:
    """Every sealed value of the database, opened."""
    return {
        f"{model._meta.db_table}.{field.name}": dict(model._base_manager.order_by("pk").values_list("pk", field.name))
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedMixin)
    }


def stored() -> list[Any]:
    """The bytes themselves, of every column of the tables with sealed ones."""
    found = []
    with connection.cursor() as cursor:
        for table in sealed_tables():
            cursor.execute(f"SELECT * FROM {table.name} ORDER BY 1")
            found.append([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
    return found


def kids() -> set[str]:
    return {each.kid for table in sealed_tables() for each in table.counts()}


def test_every_sealed_column_of_every_model_is_known() -> None:
    known = {(table.name, column) for table in sealed_tables() for column in table.columns.names}
    assert {("users", "email"), ("audit_logs", "ip"), ("generations", "prompt"), ("generations", "texts")} <= known
    assert {f"{table}.{column}" for table, column in known} == set(contents())


def test_it_seals_everything_anew_and_changes_nothing_else(life: Life) -> None:
    before = contents()
    with sealing("new", "old"):
        done = rotate("--batch", "3")
        assert kids() == {"new"}
        assert contents().keys() == before.keys()
        for column, values in before.items():
            assert values.items() <= contents()[column].items(), column
    assert done["left"] == 0
    assert {f"{each['table']}.{each['column']}" for each in done["sealed"]} >= {
        *("users.email", "audit_logs.ip", "generations.prompt", "generations.parameters", "generations.texts"),
        *("webhook_endpoints.url", "webhook_endpoints.secret"),
    }
    with sealing("new"):
        assert contents()["users.email"] == before["users.email"]


def test_a_dry_run_says_what_the_real_one_does_and_writes_nothing(life: Life) -> None:
    with sealing("new", "old"):
        before = stored()
        dry = rotate("--dry-run")
        assert stored() == before
        real = rotate()
    assert dry["dry_run"]
    assert dry["sealed"] == real["sealed"] != []
    assert all(each["kid"] == "old" for each in real["sealed"])


def test_a_second_run_writes_nothing(life: Life) -> None:
    with sealing("new", "old"):
        rotate()
        before = stored()
        again = rotate()
    assert (again["sealed"], again["indexed"]) == ([], [])
    assert stored() == before


def test_a_run_that_did_something_is_in_the_trail(life: Life) -> None:
    with sealing("new", "old"):
        done = rotate("--table", "users")
        entry = AuditLog.objects.get(action="encryption.rotated")
    assert entry.data["sealed"] == sum(each["values"] for each in done["sealed"]) == 1
    assert (entry.data["encryption_kid"], entry.actor_label) == ("new", "operator")


def test_one_table_can_be_done_alone(life: Life) -> None:
    with sealing("new", "old"):
        rotate("--table", "generations")
        assert {each.kid for table in sealed_tables() if table.name == "generations" for each in table.counts()} == {
            "new"
        }
        assert {each.kid for table in sealed_tables() if table.name == "users" for each in table.counts()} == {"old"}


def test_a_key_may_go_when_nothing_is_sealed_with_it(life: Life) -> None:
    def may_go(found: Any) -> dict[str, bool]:
        return {each["kid"]: each["may_go"] for each in found["FIELD_ENCRYPTION_KEYS"]["keys"]}

    with sealing("new", "old", "older"):
        before = check()
        assert may_go(before) == {"new": False, "old": False, "older": True}
        assert "1 values of users.email are sealed with 'old'" in before["error"]
        rotate("--table", "generations")
        assert not may_go(check())["old"]
        rotate()
        after = check()
    assert may_go(after) == {"new": False, "old": True, "older": True}
    assert "error" not in after


def test_a_missing_key_is_named_and_nothing_is_written(life: Life) -> None:
    with sealing("new"):
        before = stored()
        with pytest.raises(CommandError, match=r"'old' \(1 in users.email\)"):
            rotate()
        with pytest.raises(CommandError, match="'old'"):
            rotate("--dry-run")
        assert "need the key 'old', which is not in FIELD_ENCRYPTION_KEYS" in check()["error"]
        assert stored() == before


def test_another_key_under_the_same_name_opens_nothing_and_changes_nothing(life: Life, settings: Any) -> None:
    with sealing("new", "other"):
        settings.FIELD_ENCRYPTION_KEYS = tuple(
            each.replace("other:", "old:") for each in settings.FIELD_ENCRYPTION_KEYS
        )
        before = stored()
        with pytest.raises(CommandError, match=r"1 values of users.email do not open with the key 'old'"):
            rotate()
        assert stored() == before


def test_one_broken_value_is_named_and_stops_no_other(life: Life) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE generations SET prompt = set_byte(prompt, octet_length(prompt) - 1,"
            " get_byte(prompt, octet_length(prompt) - 1) # 1) WHERE kind = 'image'"
        )
    with sealing("new", "old"):
        with pytest.raises(CommandError, match="1 values of generations.prompt do not open with the key 'old'"):
            rotate()
        counts = {
            (each.column, each.kid): each.values
            for t in sealed_tables()
            if t.name == "generations"
            for each in t.counts()
        }
    assert counts == {("prompt", "new"): 3, ("prompt", "old"): 1, ("parameters", "new"): 4, ("texts", "new"): 4}


def test_what_was_never_sealed_is_named(life: Life) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE generations SET prompt = 'plain' WHERE kind = 'image'")
    with sealing("new", "old"):
        with pytest.raises(CommandError, match=r"1 values of generations.prompt do not open with the key '\?'"):
            rotate("--dry-run")
        with pytest.raises(CommandError, match=r"1 values of generations.prompt do not open with the key '\?'"):
            rotate()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--table", "usage_logs"), "'usage_logs' has no encrypted column; these have: .*users"),
        (("--batch", "0"), "--batch must be from 1"),
        (("--check", "--table", "users"), "--check looks at all tables"),
        (("--check", "--dry-run"), "not allowed with"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("rotate_encryption", *words)


def test_people_are_told_what_was_done(life: Life) -> None:
    out = StringIO()
    with sealing("new", "old"):
        call_command("rotate_encryption", stdout=out)
        call_command("rotate_encryption", stdout=out)
        call_command("rotate_encryption", "--check", stdout=out)
    text = out.getvalue()
    assert "users.email: 1 sealed with old -> new" in text
    assert "values rewritten in" in text
    assert "Nothing to do" in text
    assert "old: nothing needs it: it may go" in text
    assert "never rewritten: audit_logs.ip_digest (the seals of the trail cover it)" in text


def test_the_trail_lets_an_ip_be_sealed_anew_and_keeps_its_digest(life: Life) -> None:
    before = dict(AuditLog.objects.values_list("id", "ip_digest"))
    with sealing("new", "old"):
        rotate()
    with sealing("new"):
        assert {each.ip for each in AuditLog.objects.filter(ip__isnull=False)} == {"192.0.2.77", "192.0.2.78"}
    assert before.items() <= dict(AuditLog.objects.values_list("id", "ip_digest")).items()


@pytest.mark.parametrize(
    "value",
    [
        "'\\x01'::bytea",
        "convert_to('192.0.2.7', 'UTF8')",
        # Under the same key: nothing but a change.
        "set_byte(ip, octet_length(ip) - 1, 7)",
        # Another key's name and another length.
        "'\\x01036e6577'::bytea || substring(ip from 6) || '\\x00'::bytea",
        # Another version.
        "'\\x02036e6577'::bytea || substring(ip from 6)",
    ],
)
def test_the_trail_lets_nothing_else_be_put_there(life: Life, value: str) -> None:
    before = stored()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE audit_logs SET ip = {value} WHERE ip IS NOT NULL")
    assert stored() == before
