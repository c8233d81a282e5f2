"""What units cost: pure arithmetic over the prices of one model at one moment; no database, no clock, no rounding."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from hub.common.money import ZERO, text, usd
from usage.enums import Unit
from usage.errors import ModelUnpriced

LONG_PROMPT = "above_200k"
LONG_PROMPT_TOKENS = 200_000
# The tokens of a prompt, whichever way they are billed: together they say whether it is a long one.
PROMPT_UNITS = (Unit.INPUT_TOKEN, Unit.CACHED_TOKEN, Unit.AUDIO_TOKEN)
LONG_PROMPT_UNITS = (Unit.INPUT_TOKEN, Unit.CACHED_TOKEN, Unit.OUTPUT_TOKEN)
# A model without a price of its own for these bills them as plain input.
BILLED_AS_INPUT = (Unit.CACHED_TOKEN, Unit.AUDIO_TOKEN)


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars for one unit, and the price row (its id) that says so."""

    unit: str
    variant: str
    usd: Decimal
    price_id: str

    def as_json(self) -> dict[str, str]:
        """For the job and the ledger."""
        return {"unit": self.unit, "variant": self.variant, "usd": text(self.usd), "price_id": self.price_id}


@dataclass(frozen=True, slots=True)
class Priced:
    """What some units cost. `prices` is {unit: {"variant", "price_id", "usd"}} for the ledger; `unpriced` names the
    units for which there is no price, which `cost` leaves out: they are to be flagged, never dropped.
    """

    cost: Decimal
    prices: dict[str, dict[str, str]]
    unpriced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateCard:
    """The prices of one model at one moment. Kept with the job, so that it is settled at the prices it was held at."""

    model: str
    rates: Mapping[tuple[str, str], Rate]

    @classmethod
    def of(cls, model: str, rates: Iterable[Rate]) -> Self:
        """The card with these rates."""
        return cls(model, {(rate.unit, rate.variant): rate for rate in rates})

    def cost(self, units: Mapping[str, int], variants: Mapping[str, str] | None = None) -> Decimal:
        """US dollars, exact; raises ModelUnpriced when there is no price for a unit of which there is at least one.

        `variants` names the sort of a unit ({"video_second": "1080p"}): that very price must exist. Without one the
        plain price counts, or for tokens of a long prompt (more than 200,000 tokens) its price where there is one.
        """
        priced = self.price(units, variants)
        if priced.unpriced:
            raise self._unpriced(priced.unpriced[0], (variants or {}).get(priced.unpriced[0], ""))
        return priced.cost

    def price(self, units: Mapping[str, int], variants: Mapping[str, str] | None = None) -> Priced:
        """As `cost`, with the prices used; a unit without a price does not raise. ValueError for a count below zero."""
        counted = [unit for unit, count in units.items() if _is_counted(unit, count)]
        found = {unit: self._rate(unit, units, variants or {}) for unit in counted}
        return Priced(
            cost=usd(sum((rate.usd * units[unit] for unit, rate in found.items() if rate), ZERO)),
            prices={unit: _line(rate) for unit, rate in found.items() if rate},
            unpriced=tuple(unit for unit, rate in found.items() if rate is None),
        )

    def require(self, units: Collection[str]) -> None:
        """Raises ModelUnpriced unless each of these units has a price, of whatever variant."""
        priced = {unit for unit, _ in self.rates}
        for unit in units:
            if unit not in priced and not (unit in BILLED_AS_INPUT and Unit.INPUT_TOKEN in priced):
                raise self._unpriced(unit, "")

    def as_json(self) -> dict[str, Any]:
        """To keep with a job; `from_json` gives an equal card."""
        return {"model": self.model, "rates": [rate.as_json() for rate in self.rates.values()]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The card that `as_json` described."""
        return cls.of(kept["model"], (Rate(**{**rate, "usd": usd(rate["usd"])}) for rate in kept["rates"]))

    def _rate(self, unit: str, units: Mapping[str, int], variants: Mapping[str, str]) -> Rate | None:
        if variants.get(unit):
            return self.rates.get((unit, variants[unit]))
        is_long = sum(units.get(each, 0) for each in PROMPT_UNITS) > LONG_PROMPT_TOKENS
        billed_as = (unit, Unit.INPUT_TOKEN.value) if unit in BILLED_AS_INPUT else (unit,)
        return next((rate for name in billed_as if (rate := self._plain(name, is_long))), None)

    def _plain(self, unit: str, is_long: bool) -> Rate | None:
        long_rate = self.rates.get((unit, LONG_PROMPT)) if is_long and unit in LONG_PROMPT_UNITS else None
        return long_rate or self.rates.get((unit, ""))

    def _unpriced(self, unit: str, variant: str) -> ModelUnpriced:
        sort = f"{unit} ({variant})" if variant else unit
        return ModelUnpriced(f"{self.model} has no price now for {sort}.", model=self.model, unit=unit, variant=variant)


def _is_counted(unit: str, count: int) -> bool:
    if count < 0:
        raise ValueError(f"{unit}: a count is zero or more, not {count}")
    return count > 0


def _line(rate: Rate) -> dict[str, str]:
    return {"variant": rate.variant, "price_id": rate.price_id, "usd": text(rate.usd)}
