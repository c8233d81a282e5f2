"""`manage.py migrate`: Django's, over the direct way to the database as the role that migrates."""

from __future__ import annotations

from django.core.management.commands import migrate

from hub.neon.connections import DirectCommand


class Command(DirectCommand, migrate.Command):
    """As Django's."""
