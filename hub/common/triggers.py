"""Triggers that keep append-only tables append-only, for use in migrations.

The third lock, after the model and the database role: it refuses whoever else asks, the table's owner included.
Not django-pgtrigger: its Protect honours a setting that any role can change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.migrations.operations import RunSQL

# As the database names it to whoever is refused.
ERASED_OWNS_NOTHING = "users_erased_owns_nothing"

_FUNCTION = """
CREATE {or_replace} FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF {allowed} THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF {may_delete} THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of {table} refused: the table is append-only', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
"""

_TRIGGERS = """
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change();
"""

_REFUSE_ERASED = """
CREATE FUNCTION users_refuse_erased_{column}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id = NEW.{column} AND status <> 'anonymised' FOR KEY SHARE;
    IF NOT FOUND AND EXISTS (SELECT FROM users WHERE id = NEW.{column}) THEN
        RAISE EXCEPTION 'the account was erased'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = '{constraint}';
    END IF;
    RETURN NEW;
END
$$;
"""

_BACKWARD = """
DROP TRIGGER {table}_no_truncate ON {table};
DROP TRIGGER {table}_no_change ON {table};
DROP FUNCTION {table}_refuse_change();
"""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What an append-only table lets happen nevertheless.

    `may_set` names the columns that may change, each with the SQL condition over OLD and NEW under which it may
    (`{"ip": "NEW.ip IS NULL"}`); every other column must stay as it is. `may_delete` is the condition over OLD under
    which a row may go. Names and conditions come from migrations alone.
    """

    may_set: Mapping[str, str] = field(default_factory=dict)
    may_delete: str = "FALSE"


def append_only(table: str, *, may_set: Mapping[str, str] | None = None, may_delete: str = "FALSE") -> RunSQL:
    """Refuses UPDATE, DELETE and TRUNCATE of `table`, but for the exceptions; reversible."""
    exceptions = Exceptions(may_set or {}, may_delete)
    function = _function(table, exceptions, or_replace="")
    return RunSQL(function + _TRIGGERS.format(table=table), _BACKWARD.format(table=table))


def append_only_changed(table: str, *, formerly: Exceptions, now: Exceptions) -> RunSQL:
    """Other exceptions for a table that is append-only already; reversible, and never without a lock in between."""
    before, after = (_function(table, each, or_replace="OR REPLACE") for each in (formerly, now))
    return RunSQL(after, before)


def is_resealed(column: str) -> str:
    """A condition for `may_set`: a sealed value gives way to one of the same length under a key of another name.

    The database cannot open either of them. What else could be in it shows against the digest beside the column.
    """
    old, new = (f"{row}.{column}" for row in ("OLD", "NEW"))
    # CASE, as AND promises no order, and get_byte() of a short value is an error of another kind.
    return f"""CASE WHEN octet_length({old}) > 30 AND octet_length({new}) > 30 THEN
            get_byte({new}, 0) = 1
            AND substring({new} FROM 2 FOR 1 + get_byte({new}, 1))
                <> substring({old} FROM 2 FOR 1 + get_byte({old}, 1))
            AND octet_length({new}) - get_byte({new}, 1) = octet_length({old}) - get_byte({old}, 1)
        ELSE FALSE END"""


def _function(table: str, exceptions: Exceptions, *, or_replace: str) -> str:
    return _FUNCTION.format(
        table=table,
        or_replace=or_replace,
        allowed=_allowed(exceptions.may_set),
        may_delete=exceptions.may_delete,
    )


def refuse_erased(table: str, *, column: str) -> RunSQL:
    """Refuses new rows of an account that was erased; whoever inserts waits for an erasure under way. Reversible.

    `column` is owner_id or user_id. The lock is the one that the foreign key takes at the end of the transaction
    anyway; taken at its beginning, it orders writers and erasures.
    """
    return RunSQL(
        f"CREATE TRIGGER {table}_refuse_erased BEFORE INSERT ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION users_refuse_erased_{column}();",
        f"DROP TRIGGER {table}_refuse_erased ON {table};",
    )


def functions_that_refuse_erased() -> RunSQL:
    """What `refuse_erased` calls; for the migration that comes before all those that use it."""
    columns = ("owner_id", "user_id")
    return RunSQL(
        "".join(_REFUSE_ERASED.format(column=column, constraint=ERASED_OWNS_NOTHING) for column in columns),
        "".join(f"DROP FUNCTION users_refuse_erased_{column}();" for column in columns),
    )


def _allowed(may_set: Mapping[str, str]) -> str:
    if not may_set:
        return "FALSE"
    columns = ", ".join(f"'{column}'" for column in may_set)
    same = f"(to_jsonb(OLD) - ARRAY[{columns}]) = (to_jsonb(NEW) - ARRAY[{columns}])"
    rules = "".join(f" AND (NEW.{c} IS NOT DISTINCT FROM OLD.{c} OR ({rule}))" for c, rule in may_set.items())
    return f"{same}{rules}"
