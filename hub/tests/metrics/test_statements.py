"""A statement without its values."""

from __future__ import annotations

import pytest
from psycopg import sql

from hub.metrics.statements import fingerprint, normalised, verb_of

FORMS = {
    "SELECT * FROM t WHERE id = %s AND name = 'it''s me' LIMIT 21": "SELECT * FROM t WHERE id = ? AND name = ? LIMIT ?",
    "SELECT  1\n  FROM t -- for alice\n WHERE a IN (%s, %s,\n%s)": "SELECT ? FROM t WHERE a IN (?, ...)",
    'SELECT /* 42 */ "Col 1", t2.c3 FROM t2 WHERE x=-1.5e3': 'SELECT "Col 1", t2.c3 FROM t2 WHERE x=?',
    "INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s), (%s, %s)": "INSERT INTO t (a, b) VALUES (?, ...), ...",
    "UPDATE t SET a = $$it's $5$$, b = $tag$x$tag$ WHERE c = %(name)s": "UPDATE t SET a = ?, b = ? WHERE c = ?",
    r"SELECT E'it\'s' , 'open": "SELECT ? , ?",
    "SELECT $1, x'ff', 'a'::text": "SELECT ?, ?, ?::text",
}
VERBS = {
    "SELECT 1": "read",
    "  (SELECT 1) UNION (SELECT 2)": "read",
    "-- why\nselect 1": "read",
    "/* why */ INSERT INTO t VALUES (1)": "write",
    "update t set a = 1": "write",
    "DELETE FROM t": "write",
    "WITH a AS (SELECT 1) SELECT * FROM a": "read",
    "WITH a AS (SELECT 'DELETE FROM t') SELECT * FROM a FOR UPDATE SKIP LOCKED": "read",
    "WITH a AS (DELETE FROM t RETURNING id) SELECT * FROM a": "write",
    "SAVEPOINT s1": "other",
    "SET x = 1": "other",
    "": "other",
}


@pytest.mark.parametrize(("statement", "form"), FORMS.items())
def test_every_value_is_a_question_mark(statement: str, form: str) -> None:
    assert normalised(statement) == form


def test_the_same_form_has_the_same_fingerprint() -> None:
    one, other = (
        normalised(f"SELECT * FROM t WHERE a = '{value}' AND b IN ({ids})")
        for value, ids in (("x", "1, 2"), ("y", "3, 4, 5"))
    )
    assert fingerprint(one) == fingerprint(other) != fingerprint(normalised("SELECT * FROM u"))


@pytest.mark.parametrize(("statement", "verb"), VERBS.items())
def test_the_first_keyword_says_what_it_is(statement: str, verb: str) -> None:
    assert verb_of(statement) == verb


def test_a_composed_statement_is_read_too() -> None:
    composed = sql.SQL("SELECT {} FROM {} WHERE a = {}").format(
        sql.Identifier("b"), sql.Identifier("t"), sql.Literal("secret")
    )
    assert normalised(composed) == 'SELECT "b" FROM "t" WHERE a = ?'
    assert verb_of(composed) == "read"


def test_a_very_long_one_is_cut() -> None:
    assert len(normalised("SELECT " + "a, " * 5000)) < 2100
