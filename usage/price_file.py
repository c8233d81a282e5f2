"""Reads the file of prices. Pure: text in, entries out, or one line that names the entry that is wrong."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hub.common.money import PLACES, usd
from usage.enums import Unit
from usage.errors import PriceFileInvalid

MILLION = 1_000_000
# The tables that hold amounts, and of how many units each is the price.
BASES = {"each": 1, "per_million": MILLION}
REQUIRED = {"model", "from", "source"}
OPTIONAL = {"to", "uncertain", *BASES}
LONGEST_MODEL = 100
LONGEST_VARIANT = 20
# Digits that stay exact when divided by a million: no sign, no exponent, no separators.
AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True)
class PriceKey:
    """What a price is of; over time there is at most one price for it."""

    model: str
    unit: str
    variant: str

    def __str__(self) -> str:
        return f"{self.model} {self.unit}/{self.variant}" if self.variant else f"{self.model} {self.unit}"


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One price of the file: US dollars for one unit, from a moment on, to another or (None) until the next entry."""

    key: PriceKey
    usd: Decimal
    effective_from: datetime
    effective_to: datetime | None
    source: str
    uncertain: bool


def parse_prices(content: str) -> list[PriceEntry]:
    """The entries of a file such as usage/prices.toml, whose head explains the format; raises PriceFileInvalid."""
    try:
        document = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise PriceFileInvalid(f"This is not TOML: {error}") from error
    blocks = document.pop("prices", None)
    if document or not isinstance(blocks, list) or not blocks:
        raise PriceFileInvalid("The file must consist of [[prices]] blocks, at least one.")
    entries = [entry for number, block in enumerate(blocks, start=1) for entry in _Block(number, block).entries()]
    _refuse_repetitions(entries)
    return entries


def _refuse_repetitions(entries: list[PriceEntry]) -> None:
    (place, times), *_ = Counter((entry.key, entry.effective_from) for entry in entries).most_common(1)
    if times > 1:
        raise PriceFileInvalid(f"{place[0]} from {place[1]:%Y-%m-%d %H:%M} UTC is there {times} times.")


class _Block:
    """One [[prices]] block: a model, its dates and source, and the amounts that share them."""

    def __init__(self, number: int, block: object) -> None:
        self.name = f"prices block {number}"
        if not isinstance(block, dict):
            raise self.wrong("must be a table")
        self.content: dict[str, Any] = block
        self.name += f" ({block.get('model', 'no model')})"

    def wrong(self, why: str) -> PriceFileInvalid:
        return PriceFileInvalid(f"{self.name}: {why}.")

    def entries(self) -> Iterator[PriceEntry]:
        self._check_names()
        start, end = self._moment("from"), self._moment("to")
        if start is None or (end is not None and end <= start):
            raise self.wrong("'to' must be later than 'from'")
        for base, name, amount in self._amounts():
            yield PriceEntry(
                key=self._key(name),
                usd=self._usd(base, name, amount),
                effective_from=start,
                effective_to=end,
                source=self._text("source"),
                uncertain=self._uncertain(),
            )

    def _check_names(self) -> None:
        missing, unknown = REQUIRED - self.content.keys(), self.content.keys() - REQUIRED - OPTIONAL
        if missing:
            raise self.wrong(f"{', '.join(sorted(missing))} is missing")
        if unknown:
            raise self.wrong(f"{', '.join(sorted(unknown))} is not known here")

    def _amounts(self) -> Iterator[tuple[str, str, object]]:
        tables = {base: self.content[base] for base in BASES if base in self.content}
        if not any(tables.values()):
            raise self.wrong(f"it has no amounts; give {' or '.join(BASES)}")
        for base, table in tables.items():
            if not isinstance(table, Mapping):
                raise self.wrong(f"'{base}' must be a table of amounts")
            yield from ((base, name, amount) for name, amount in table.items())

    def _key(self, name: str) -> PriceKey:
        unit, slash, variant = name.partition("/")
        if unit not in Unit.values:
            raise self.wrong(f"'{name}' is no unit; there are {', '.join(Unit.values)}")
        if bool(slash) != bool(variant) or len(variant) > LONGEST_VARIANT:
            raise self.wrong(f"'{name}': a variant has 1 to {LONGEST_VARIANT} characters after the /")
        return PriceKey(self._text("model", longest=LONGEST_MODEL), unit, variant)

    def _usd(self, base: str, name: str, amount: object) -> Decimal:
        if not isinstance(amount, str) or not AMOUNT.fullmatch(amount):
            raise self.wrong(f"'{name}' must be an amount in quotes, such as \"0.075\"; it is {amount!r}")
        value = Decimal(amount) / BASES[base]
        if usd(value) != value:
            raise self.wrong(f"'{name}': {amount} must have at most {PLACES} decimals for one unit")
        return usd(value)

    def _moment(self, name: str) -> datetime | None:
        value = self.content.get(name)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time(), tzinfo=UTC)
        if value is None:
            return None
        raise self.wrong(f"'{name}' must be a date (midnight UTC) or a moment with its zone; it is {value!r}")

    def _text(self, name: str, longest: int = 1000) -> str:
        value = self.content[name]
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise self.wrong(f"'{name}' must be a text of 1 to {longest} characters")
        return value

    def _uncertain(self) -> bool:
        value = self.content.get("uncertain", False)
        if not isinstance(value, bool):
            raise self.wrong(f"'uncertain' must be true or false; it is {value!r}")
        return value
