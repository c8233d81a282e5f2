"""Each file names the storage it lies in.

Why: with a choice of storages, "default" says where new files go, not where an old one is.
Data: media.storage "default", which could only be the file system so far, becomes "file". No bytes are moved.
"""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _rename(apps: Apps, old: str, new: str) -> None:
    apps.get_model("media", "Media").objects.filter(storage=old).update(storage=new)


def name_it(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """A second run finds none."""
    _rename(apps, "default", "file")


def unname_it(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Back to the one storage there was."""
    _rename(apps, "file", "default")


class Migration(migrations.Migration):
    dependencies = [("media", "0002_uploads")]

    operations = [migrations.RunPython(name_it, unname_it)]
