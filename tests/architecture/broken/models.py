"""Models that are refused."""

from __future__ import annotations

from django.db import models

from hub.common.models import HubModel


class Counted(models.Model):  # noqa: DJ008
    """A key that counts."""


class Linked(models.Model):  # noqa: DJ008
    """A key that leads to one that counts."""

    counted = models.OneToOneField(Counted, primary_key=True, on_delete=models.CASCADE)


class Tagged(HubModel):
    """A table of links that Django makes, whose key counts."""

    tags = models.ManyToManyField("self")


class Person(HubModel):
    """What is somebody's, in clear."""

    email = models.CharField(max_length=254)
    last_ip = models.GenericIPAddressField()


class Thumbnail(HubModel):
    """Bytes in the database, of the app that has none."""

    content = models.BinaryField()

    class Meta:
        app_label = "media"
