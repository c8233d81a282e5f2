"""What one unit of a model costs, and from when to when."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Q

from hub.common.models import AppendOnlyModel, AppendOnlyQuerySet
from hub.common.money import MoneyField
from usage.enums import Unit
from usage.models.rules import TsTzRange, ends_after_start, never_negative, one_of


class PriceQuerySet(AppendOnlyQuerySet["ModelPrice"]):
    """Price rows; the one change they allow is a new end."""

    def in_force(self, at: datetime) -> PriceQuerySet:
        """What counts at that moment."""
        return self.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=at), effective_from__lte=at)

    def close(self, *, price_id: UUID, former: datetime | None, at: datetime) -> bool:
        """Ends a price at `at`, if its end still is `former`; the trigger refuses an end in the past."""
        return bool(models.QuerySet.update(self.filter(pk=price_id, effective_to=former), effective_to=at))


class ModelPrice(AppendOnlyModel):
    """US dollars for ONE unit of a model, in force from `effective_from` until just before `effective_to`.

    `variant` says for which sort of that unit (a resolution, `above_200k`); "" is the plain one. A row is never
    edited; only its end may be set, or moved while it still lies ahead. `uncertain` marks a figure that nobody has
    seen at its source.
    """

    model = models.CharField(max_length=100)
    unit = models.CharField(max_length=20, choices=Unit)
    variant = models.CharField(max_length=20, blank=True, default="")
    price = MoneyField()
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField(null=True, blank=True)
    source = models.TextField()
    uncertain = models.BooleanField(default=False)

    MAY_SET = ("effective_to",)

    objects: ClassVar = PriceQuerySet.as_manager()

    class Meta:
        db_table = "model_prices"
        ordering = ["model", "unit", "variant", "effective_from"]
        constraints = [
            one_of("model_prices", "unit", Unit),
            *never_negative("model_prices", "price"),
            ends_after_start("model_prices", "effective_from", "effective_to"),
            models.CheckConstraint(name="model_prices_source_named", condition=~Q(source="")),
            ExclusionConstraint(
                name="model_prices_no_overlap",
                expressions=[
                    ("model", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    ("variant", RangeOperators.EQUAL),
                    (TsTzRange("effective_from", "effective_to", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        sort = f"{self.unit}/{self.variant}" if self.variant else self.unit
        return f"{self.model} {sort} from {self.effective_from:%Y-%m-%d %H:%M}"
