"""Refuse new keys, rights and requests of an account that was erased.

Why: a request that was let in before an erasure must not leave something behind after it, whichever comes first.
Data: none; an insert for an erased account fails from now on. The functions are for other apps' tables as well.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import functions_that_refuse_erased, refuse_erased


class Migration(migrations.Migration):
    dependencies = [("users", "0006_privacy_requests")]

    operations = [
        functions_that_refuse_erased(),
        refuse_erased("api_keys", column="owner_id"),
        refuse_erased("user_groups", column="user_id"),
        refuse_erased("user_permissions", column="user_id"),
        refuse_erased("privacy_requests", column="user_id"),
    ]
