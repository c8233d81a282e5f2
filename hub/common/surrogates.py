"""SQL expressions that put something in the place of what tells who somebody was."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateTimeField, F, Func, TextField, UUIDField, Value
from django.db.models.functions import Cast


class Scrambled(Func):
    """A UUID in place of another, by a secret of 256 bits that is thrown away: nobody can find the way back.

    MD5 is here what makes 128 bits of secret and id, nothing more; it is the one digest that PostgreSQL has for a text
    without an extension and that fits a UUID.
    """

    template = "CAST(MD5(%(expressions)s) AS uuid)"
    arg_joiner = " || "

    def __init__(self, secret: str, column: str) -> None:
        super().__init__(Value(secret), Cast(F(column), TextField()), output_field=UUIDField())


class ScrambledEach(Func):
    """The same for each UUID of an array, in its order."""

    template = (
        "(SELECT ARRAY_AGG(CAST(MD5(given.secret || CAST(each.id AS text)) AS uuid) ORDER BY each.place)"
        " FROM (SELECT %(expressions)s) AS given(secret, ids),"
        " UNNEST(given.ids) WITH ORDINALITY AS each(id, place))"
    )

    def __init__(self, secret: str, column: str) -> None:
        super().__init__(Cast(Value(secret), TextField()), F(column), output_field=ArrayField(UUIDField()))


class Day(Func):
    """The beginning of a moment's UTC day, whatever the session's time zone is."""

    template = "DATE_TRUNC('day', %(expressions)s, 'UTC')"

    def __init__(self, column: str) -> None:
        super().__init__(F(column), output_field=DateTimeField())
