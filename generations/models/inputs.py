"""The files that generations work with."""

from __future__ import annotations

from django.db import models

from generations.models.work import Generation
from hub.common.models import HubModel


class GenerationInput(HubModel):
    """A file that a generation works with; `position` is its place in the request. It keeps its file from deletion."""

    class Role(models.TextChoices):
        FIRST_FRAME = "first_frame"
        LAST_FRAME = "last_frame"

    # The unique constraint below is the index of this key.
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="inputs", db_index=False)
    media = models.ForeignKey("media.Media", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20, choices=Role.choices, default="", blank=True)

    class Meta:
        db_table = "generation_inputs"
        constraints = [
            models.UniqueConstraint(fields=["generation", "position"], name="generation_inputs_position"),
            models.CheckConstraint(
                condition=models.Q(role__in=["", "first_frame", "last_frame"]), name="generation_inputs_role"
            ),
        ]

    def __str__(self) -> str:
        return f"input {self.position} of {self.generation_id}"
