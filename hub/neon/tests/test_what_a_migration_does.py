"""Each operation of a plan is judged by what it does to a database in use."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.postgres import operations as postgres
from django.db import connection, migrations, models
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

from hub.common.fields import EncryptedTextField
from hub.neon.gate.plan import judge
from hub.neon.gate.steps import Danger, Step

APP = "shop"
LINK = {"on_delete": models.CASCADE, "related_name": "+"}
CHECK = models.CheckConstraint(condition=models.Q(price__gte=0), name="books_price")
UNIQUE = models.UniqueConstraint(fields=["title"], name="books_title_once")
INDEX = models.Index(fields=["title"], name="books_title")
CREATED = [
    migrations.CreateModel("Writer", [("id", models.UUIDField(primary_key=True))]),
    migrations.CreateModel("Code", [("id", models.BigAutoField(primary_key=True))]),
    migrations.CreateModel(
        "Book",
        [
            ("id", models.UUIDField(primary_key=True)),
            ("title", models.CharField(max_length=50)),
            ("note", models.TextField(null=True)),
            ("price", models.DecimalField(max_digits=8, decimal_places=2)),
            ("pages", models.IntegerField(default=0)),
            ("secret", EncryptedTextField(null=True)),
            ("writer", models.ForeignKey("shop.writer", **LINK)),
            ("readers", models.ManyToManyField("shop.writer", related_name="+")),
        ],
        options={"db_table": "books"},
    ),
    migrations.CreateModel("Plain", [("id", models.UUIDField(primary_key=True))]),
    migrations.CreateModel("View", [("id", models.UUIDField(primary_key=True))], options={"managed": False}),
    migrations.CreateModel("Novel", [], options={"proxy": True}, bases=("shop.book",)),
    migrations.AddConstraint("Plain", models.UniqueConstraint(fields=["id"], name="plain_once")),
    migrations.AddIndex("Book", models.Index(fields=["pages"], name="books_pages")),
]


def a_migration(*operations: Operation, name: str = "0002_change") -> Migration:
    migration = Migration(name, APP)
    migration.operations = list(operations)
    return migration


def in_use() -> ProjectState:
    """The models of a database that has rows and readers."""
    return a_migration(*CREATED, name="0001_shop").mutate_state(ProjectState())


def steps_of(*operations: Operation, **how: Any) -> list[Step]:
    return judge([(a_migration(*operations), False)], in_use(), connection=connection, **how)


def dangers_of(*operations: Operation) -> list[Danger]:
    return [step.danger for step in steps_of(*operations)]


def change(name: str, field: Any) -> migrations.AlterField:
    return migrations.AlterField("Book", name, field)


def nothing(apps: Any, schema_editor: Any) -> None:
    """Of a RunPython."""


class Unknown(Operation):
    """Of a package that the gate has not heard of."""

    def state_forwards(self, *args: Any) -> None:
        """Nothing that Django would see."""


class DropsQuietly(migrations.AddField):
    """Of a class that is known, and does something else."""

    def database_forwards(self, *args: Any) -> None:
        """Whatever it likes."""


DESTROYS = {
    "a table": migrations.DeleteModel("Book"),
    "a column": migrations.RemoveField("Book", "note"),
    "a table of links": migrations.RemoveField("Book", "readers"),
    "a shorter text": change("title", models.CharField(max_length=49)),
    "a text without end made short": change("note", models.CharField(max_length=9000, null=True)),
    "fewer digits": change("price", models.DecimalField(max_digits=7, decimal_places=2)),
    "other decimal places": change("price", models.DecimalField(max_digits=12, decimal_places=3)),
    "a smaller number": change("pages", models.SmallIntegerField(default=0)),
    "another type": change("pages", models.TextField(default="")),
    "a text that is sealed from now on": change("note", EncryptedTextField(null=True)),
    "a link to rows with another sort of key": change("writer", models.ForeignKey("shop.code", **LINK)),
    "links made a column": change("readers", models.UUIDField()),
    "another key": change("pages", models.IntegerField(primary_key=True)),
    "the name that a sealed value opens under": migrations.RenameField("Book", "secret", "hidden"),
    "the column that a sealed value opens under": change("secret", EncryptedTextField(null=True, db_column="x")),
    "the table that a sealed value opens under": migrations.AlterModelTable("Book", "volumes"),
    "rows, by SQL": migrations.RunSQL("DELETE FROM books"),
    "rows, by SQL in pieces": migrations.RunSQL([("UPDATE books SET pages = %s", [0])]),
    "rows, by a data-modifying query": migrations.RunSQL("WITH x AS (DELETE FROM books RETURNING 1) SELECT 1"),
    "an operation nobody knows": Unknown(),
    "an operation that does something else": DropsQuietly("Book", "x", models.IntegerField(null=True)),
    "what stands in another one": migrations.SeparateDatabaseAndState([migrations.RemoveField("Book", "note")]),
    "what stands deep in another one": migrations.SeparateDatabaseAndState(
        [migrations.SeparateDatabaseAndState([migrations.RunSQL("DROP TABLE books")])]
    ),
}
LOCKS = {
    "NOT NULL": change("note", models.TextField()),
    "a column that the former release does not fill": migrations.AddField("Book", "x", models.IntegerField(default=1)),
    "a column that is computed": migrations.AddField("Book", "at", models.DateTimeField(db_default=Now())),
    "a column that is unique": migrations.AddField("Book", "x", models.IntegerField(null=True, unique=True)),
    "a foreign key": migrations.AddField("Book", "x", models.ForeignKey("shop.writer", null=True, **LINK)),
    "uniqueness": change("title", models.CharField(max_length=50, unique=True)),
    "an index of a column": change("title", models.CharField(max_length=50, db_index=True)),
    "an index": migrations.AddIndex("Book", INDEX),
    "an index that goes": migrations.RemoveIndex("Book", "books_pages"),
    "a rule": migrations.AddConstraint("Book", CHECK),
    "a rule of uniqueness": migrations.AddConstraint("Book", UNIQUE),
    "uniqueness of several": migrations.AlterUniqueTogether("Book", {("title", "pages")}),
    "an order of rows": migrations.AlterOrderWithRespectTo("Book", "writer"),
    "a column's name": migrations.RenameField("Book", "pages", "leaves"),
    "a column's name in the database": change("pages", models.IntegerField(default=0, db_column="leaves")),
    "a table's name": migrations.RenameModel("Plain", "Simple"),
    "a table's name in the database": migrations.AlterModelTable("Plain", "simple"),
    "a link to other rows with such a key": change("writer", models.ForeignKey("shop.plain", **LINK)),
    "an order of letters": change("title", models.CharField(max_length=50, db_collation="C")),
}
REVIEWS = {
    "rows, by a program": migrations.RunPython(nothing, nothing),
    "a rule that goes": migrations.RemoveConstraint("Plain", "plain_once"),
    "the state alone": migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Plain")]),
    "letters": postgres.CreateCollation("german", "de-x-icu", provider="icu"),
}
HARMLESS = {
    "a table": migrations.CreateModel("New", [("id", models.UUIDField(primary_key=True))]),
    "a column that may be empty": migrations.AddField("Book", "x", models.IntegerField(null=True)),
    "a column that the database fills": migrations.AddField("Book", "x", models.IntegerField(db_default=1)),
    "links": migrations.AddField("Book", "others", models.ManyToManyField("shop.writer", related_name="+")),
    "a longer text": change("title", models.CharField(max_length=51)),
    "a text without end": change("title", models.TextField()),
    "more digits": change("price", models.DecimalField(max_digits=9, decimal_places=2)),
    "words for people": change("title", models.CharField(max_length=50, verbose_name="name", choices=[("a", "A")])),
    "a column that may be empty from now on": change("pages", models.IntegerField(null=True)),
    "an index beside the writers": postgres.AddIndexConcurrently("Book", INDEX),
    "an index that goes beside them": postgres.RemoveIndexConcurrently("Book", "books_pages"),
    "a rule for new rows": postgres.AddConstraintNotValid("Book", CHECK),
    "an extension": postgres.BtreeGistExtension(),
    "what Django alone knows": migrations.AlterModelOptions("Book", {"verbose_name": "volume"}),
    "a model without a table": migrations.DeleteModel("Novel"),
    "a model with somebody else's table": migrations.DeleteModel("View"),
    "a model's name, with its table's": migrations.RenameModel("Book", "Volume"),
    "a table's name that it has": migrations.AlterModelTable("Book", "books"),
    "no rows": migrations.RunPython(migrations.RunPython.noop),
    "no SQL": migrations.RunSQL(migrations.RunSQL.noop),
    "a trigger": migrations.RunSQL("CREATE TRIGGER t BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION f();"),
}


@pytest.mark.parametrize("operation", DESTROYS.values(), ids=DESTROYS)
def test_what_is_lost_is_said(operation: Operation) -> None:
    assert Danger.DESTROY in dangers_of(operation)


@pytest.mark.parametrize("operation", LOCKS.values(), ids=LOCKS)
def test_what_is_waited_for_is_said_and_nothing_is_lost(operation: Operation) -> None:
    assert set(dangers_of(operation)) == {Danger.LOCK}


@pytest.mark.parametrize("operation", REVIEWS.values(), ids=REVIEWS)
def test_what_no_program_can_tell_is_left_to_a_person(operation: Operation) -> None:
    assert dangers_of(operation) == [Danger.REVIEW]


@pytest.mark.parametrize("operation", HARMLESS.values(), ids=HARMLESS)
def test_what_neither_loses_nor_waits_is_let_be(operation: Operation) -> None:
    assert dangers_of(operation) == []


def test_the_models_are_carried_forward_from_one_operation_to_the_next() -> None:
    """Each of these is judged against what the one before it left: alone, the second narrows nothing."""
    wider, back = (change("title", models.CharField(max_length=length)) for length in (80, 50))
    assert dangers_of(back) == []
    assert dangers_of(wider, back) == [Danger.DESTROY]


def test_the_models_are_carried_forward_inside_of_an_operation() -> None:
    wider, back = (change("title", models.CharField(max_length=length)) for length in (80, 50))
    assert dangers_of(migrations.SeparateDatabaseAndState([wider, back])) == [Danger.DESTROY]


def test_the_models_are_carried_forward_from_one_migration_to_the_next() -> None:
    wider, back = (change("title", models.CharField(max_length=length)) for length in (80, 50))
    plan = [(a_migration(wider), False), (a_migration(back, name="0003_back"), False)]
    [step] = judge(plan, in_use(), connection=connection)
    assert (step.migration, step.danger) == ("shop.0003_back", Danger.DESTROY)
    assert "varchar(80) becomes varchar(50)" in step.why


def test_nobody_waits_for_a_table_that_the_plan_makes() -> None:
    make = migrations.CreateModel("New", [("id", models.UUIDField(primary_key=True)), ("name", models.TextField())])
    index = migrations.AddIndex("New", models.Index(fields=["name"], name="new_name"))
    assert dangers_of(make, index) == []
    assert dangers_of(make, migrations.RemoveField("New", "name")) == [Danger.DESTROY]


@pytest.mark.parametrize("operation", [CREATED[0], HARMLESS["a column that may be empty"], HARMLESS["a trigger"]])
def test_going_back_is_always_taken_to_lose_something(operation: Operation) -> None:
    steps = judge([(a_migration(operation), True)], in_use(), connection=connection)
    assert [step.danger for step in steps] == [Danger.DESTROY]


def test_going_back_over_what_django_alone_knows_loses_nothing() -> None:
    alone = HARMLESS["what Django alone knows"]
    assert judge([(a_migration(alone), True)], in_use(), connection=connection) == []


def test_a_faked_plan_is_dangerous_whatever_is_in_it() -> None:
    plan = [(a_migration(), False), (a_migration(name="0001_shop"), True)]
    steps = judge(plan, in_use(), connection=connection, faked=True)
    assert [(step.migration, step.danger) for step in steps] == [
        ("shop.0002_change", Danger.DESTROY),
        ("shop.0001_shop", Danger.DESTROY),
    ]


def test_a_migration_on_the_list_may_run_its_sql_and_nothing_else() -> None:
    listed = {(APP, "0002_change"): "the rows are copies"}
    delete, drop = DESTROYS["rows, by SQL"], DESTROYS["a column"]
    assert steps_of(delete, safe_sql=listed) == []
    assert [step.why for step in steps_of(delete, drop, safe_sql=listed)] == ["drops a column"]


def test_the_state_that_was_given_is_left_as_it_was() -> None:
    state = in_use()
    judge([(a_migration(DESTROYS["a table"]), False)], state, connection=connection)
    assert (APP, "book") in state.models
