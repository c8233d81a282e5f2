"""Refuse new jobs, quotes and webhook endpoints of an account that was erased.

Why: a request that was let in before an erasure must not leave something behind after it, whichever comes first.
Data: none; an insert for an erased account fails from now on.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import refuse_erased


class Migration(migrations.Migration):
    dependencies = [("generations", "0007_provider_traces"), ("users", "0007_erased_own_nothing")]

    operations = [
        refuse_erased("generations", column="owner_id"),
        refuse_erased("quotes", column="owner_id"),
        refuse_erased("webhook_endpoints", column="owner_id"),
    ]
