"""Refuse new files of an account that was erased.

Why: a request that was let in before an erasure must not leave something behind after it, whichever comes first.
Data: none; an insert for an erased account fails from now on.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import refuse_erased


class Migration(migrations.Migration):
    dependencies = [("media", "0004_removals_of_erasures"), ("users", "0007_erased_own_nothing")]

    operations = [refuse_erased("media", column="owner_id")]
