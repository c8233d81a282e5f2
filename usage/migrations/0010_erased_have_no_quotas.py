"""Refuse new quotas of an account that was erased.

Why: a request that was let in before an erasure must not leave something behind after it, whichever comes first.
Data: none; an insert for an erased account fails from now on.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import refuse_erased


class Migration(migrations.Migration):
    dependencies = [("usage", "0009_ledger_under_surrogates"), ("users", "0007_erased_own_nothing")]

    operations = [refuse_erased("quotas", column="user_id")]
