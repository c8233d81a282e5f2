"""US dollars as exact decimals: 12 digits before the point, 9 after it (the price of one cached token needs 8)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models

DIGITS = 21
PLACES = 9
ZERO = Decimal("0")
SMALLEST = Decimal(1).scaleb(-PLACES)


def usd(value: str | int | Decimal) -> Decimal:
    """The amount in US dollars, rounded half up to nine places; a float is refused, as it has lost digits already."""
    if isinstance(value, float):
        raise TypeError("money is never a float")
    return Decimal(value).quantize(SMALLEST, rounding=ROUND_HALF_UP)


def text(value: Decimal) -> str:
    """The amount as a plain decimal string, at least two places, no zeros behind: `0.05`, `1.00`, `0.000000075`."""
    digits = f"{value:.{PLACES}f}"
    head, tail = digits[:-PLACES], digits[-PLACES:].rstrip("0")
    return head + tail.ljust(2, "0")


class MoneyField(models.DecimalField):  # type: ignore[type-arg]
    """An amount in US dollars."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = DIGITS
        kwargs["decimal_places"] = PLACES
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"]
        del kwargs["decimal_places"]
        return name, path, list(args), kwargs
