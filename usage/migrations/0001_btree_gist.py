"""Make the extension that lets the database itself refuse two prices for the same moment.

Why: an exclusion constraint over text columns and a range of time needs GiST operators for text (btree_gist).
Data: none.
"""

from __future__ import annotations

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [BtreeGistExtension()]
