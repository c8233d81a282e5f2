"""The abstract models that every table of the hub is made from."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models
from django.utils import timezone

from hub.common.ids import uuid7

Row = TypeVar("Row", bound=models.Model)


class HubModel(models.Model):
    """A row with a UUID (version 7) as its key and the moment it was made (UTC)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class AppendOnlyViolation(TypeError):
    """A row of an append-only table was about to be changed or removed."""


def _refuse(what: str) -> NoReturn:
    raise AppendOnlyViolation(f"{what}: this table is append-only; write a new row instead.")


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Reads and inserts; every other verb is refused. The database's trigger refuses whoever gets round this."""

    def update(self, **kwargs: Any) -> NoReturn:
        _refuse("update")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("bulk_update")

    def delete(self) -> NoReturn:
        _refuse("delete")


class AppendOnlyModel(HubModel):
    """A row that is written once.

    `MAY_SET` names the fields that may change nevertheless, and `MAY_GO` says whether rows may go: under the conditions
    of the table's trigger. The role `app` has these rights and no others (`manage.py db_grants`).
    """

    MAY_SET: ClassVar[tuple[str, ...]] = ()
    MAY_GO: ClassVar[bool] = False

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Inserts; raises AppendOnlyViolation for a row that is already stored."""
        if not self._state.adding:
            _refuse("save")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse("delete")
