"""What goes to the hub: queries, money, moments and ids as it reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import quote
from uuid import UUID

from generation_hub.shapes.common import HasId

Known: TypeAlias = HasId | UUID | str
"""Something of the hub's, or its id."""
Usd: TypeAlias = Decimal | int | str
"""US dollars; never a float, which cannot hold a tenth."""
Query: TypeAlias = Mapping[str, object]


def id_of(thing: Known) -> str:
    """Its id; raises ValueError for an empty one, whose address would be another."""
    found = thing if isinstance(thing, str) else str(thing) if isinstance(thing, UUID) else thing.id
    if not found:
        raise ValueError("An id is empty.")
    return found


def at(path: str, thing: Known, rest: str = "") -> str:
    """The path of one thing below the path of its list."""
    return f"{path}/{quote(id_of(thing), safe='')}{rest}"


def usd(amount: Usd) -> str:
    """As a plain decimal number; raises TypeError for a float."""
    if isinstance(amount, float):
        raise TypeError("Give US dollars as Decimal, str or int: a float cannot hold a tenth of one.")
    return f"{Decimal(amount):f}"


def moment(when: datetime) -> str:
    """RFC 3339; raises ValueError for a moment without a zone."""
    if when.tzinfo is None:
        raise ValueError("A moment needs a time zone: datetime.now(UTC).")
    return when.isoformat()


def query(wanted: Query) -> tuple[tuple[str, str], ...]:
    """The query of an address; None is left out."""
    return tuple((name, _text(value)) for name, value in wanted.items() if value is not None)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, str | int | UUID):
        return str(value)
    if isinstance(value, HasId):
        return value.id
    raise TypeError(f"{type(value).__name__} is nothing to ask for.")


def body(**members: object) -> dict[str, object]:
    """A JSON body; None is left out."""
    return {name: value for name, value in members.items() if value is not None}
