"""A statement without its values: what it does, and its form."""

from __future__ import annotations

import hashlib
import re
from typing import Any

VERBS = READ, WRITE, OTHER = "read", "write", "other"
_VERBS = {
    **dict.fromkeys(("SELECT", "VALUES", "TABLE", "FETCH", "SHOW"), READ),
    **dict.fromkeys(("INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE"), WRITE),
}
_CHANGES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\b(?!\s+SKIP)", re.IGNORECASE)
_FIRST_WORD = re.compile(r"[\s(]*(?:--[^\n]*\n[\s(]*|/\*.*?\*/[\s(]*)*([A-Za-z]+)", re.DOTALL)
_LITERALS = re.compile(
    r"--[^\n]*|/\*.*?\*/"  # a comment may say anything
    r"|\"(?:[^\"]|\"\")*\""  # a name: kept
    r"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
    r"|\b[EeBbXxNn]?'(?:[^'\\]|''|\\.)*'|'(?:[^'\\]|''|\\.)*(?:'|\Z)"
    r"|%s|%\(\w+\)s|\$\d+"
    r"|(?<![\w\"])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b",
    re.DOTALL,
)
_LISTS = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_ROWS = re.compile(r"(VALUES\s*\([^()]*\))(?:\s*,\s*\([^()]*\))+", re.IGNORECASE)
LONGEST = 2000


def text_of(sql: Any) -> str:
    """The statement as text, also one that psycopg composed."""
    return sql if isinstance(sql, str) else str(sql.as_string(None))


def verb_of(sql: Any) -> str:
    """read, write or other, by the first keyword; WITH is a write when something in it is."""
    text = text_of(sql)
    found = _FIRST_WORD.match(text)
    word = found[1].upper() if found else ""
    if word == "WITH":
        return WRITE if _CHANGES.search(normalised(text)) else READ
    return _VERBS.get(word, OTHER)


def normalised(sql: Any) -> str:
    """One line; every value, placeholder and number is `?`, a list of them one `(?, ...)`; comments are gone."""
    text = _LITERALS.sub(_without_value, text_of(sql))
    text = _LISTS.sub("(?, ...)", " ".join(text.split()))
    text = _ROWS.sub(r"\1, ...", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _without_value(found: re.Match[str]) -> str:
    text = found[0]
    if text.startswith('"'):
        return text
    return " " if text.startswith(("--", "/*")) else "?"


def fingerprint(form: str) -> str:
    """The same for the same form, to count by."""
    return hashlib.sha256(form.encode()).hexdigest()[:12]
