"""What a provider keeps of work whose rows are gone."""

from __future__ import annotations

from django.db import models

from hub.common.fields import EncryptedTextField
from hub.common.models import HubModel


class ProviderTrace(HubModel):
    """A long operation that the provider is to forget; written with the erasure of its job, gone when that is verified.

    `declined`: the provider does not delete such work; it ends there by itself.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        FORGOTTEN = "forgotten"
        DECLINED = "declined"

    erasure_id = models.UUIDField(db_index=True)
    adapter = models.CharField(max_length=20)
    model = models.CharField(max_length=100)
    kind = models.CharField(max_length=8)
    operation = EncryptedTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)

    class Meta:
        db_table = "provider_traces"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "forgotten", "declined"]), name="provider_traces_state"
            ),
        ]

    def __str__(self) -> str:
        return f"trace {self.id}"
