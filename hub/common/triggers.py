"""Triggers that keep append-only tables append-only, for use in migrations.

The third lock, after the model and the database role: it refuses whoever else asks, the table's owner included.
Not django-pgtrigger: its Protect honours a setting that any role can change.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.migrations.operations import RunSQL

_FORWARD = """
CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF {allowed} THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of {table} refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change();
"""

_BACKWARD = """
DROP TRIGGER {table}_no_truncate ON {table};
DROP TRIGGER {table}_no_change ON {table};
DROP FUNCTION {table}_refuse_change();
"""


def append_only(table: str, *, may_set: Mapping[str, str] | None = None) -> RunSQL:
    """Refuses UPDATE, DELETE and TRUNCATE of `table`; reversible.

    `may_set` names the columns that may change nevertheless, each with the SQL condition over OLD and NEW under which
    it may (`{"ip": "NEW.ip IS NULL"}`); every other column must stay as it is. Names come from migrations alone.
    """
    return RunSQL(
        _FORWARD.format(table=table, allowed=_allowed(may_set or {})),
        _BACKWARD.format(table=table),
    )


def _allowed(may_set: Mapping[str, str]) -> str:
    if not may_set:
        return "FALSE"
    columns = ", ".join(f"'{column}'" for column in may_set)
    same = f"(to_jsonb(OLD) - ARRAY[{columns}]) = (to_jsonb(NEW) - ARRAY[{columns}])"
    rules = "".join(f" AND (NEW.{c} IS NOT DISTINCT FROM OLD.{c} OR ({rule}))" for c, rule in may_set.items())
    return f"{same}{rules}"
