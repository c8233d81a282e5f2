"""Let a quota be the cap of one API key.

Why: what is spent through one key can be limited on its own, by the same conditional update as every other quota.
Data: none; the quotas there are bind their user through whatever key. Going back fails while caps exist: a cap without
its key would bind the whole account.
"""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def refuse_while_caps_exist(apps: Any, schema_editor: Any) -> None:
    """On the way back. Raises RuntimeError; nothing was changed then."""
    if apps.get_model("usage", "Quota").objects.filter(api_key__isnull=False).exists():
        raise RuntimeError("There are caps of API keys; without the key they would bind whole accounts.")


class Migration(migrations.Migration):
    dependencies = [("usage", "0006_append_only"), ("users", "0003_key_limits_and_rotation")]

    operations = [
        migrations.AddField(
            model_name="quota",
            name="api_key",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: it binds the user, through whatever key.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="users.apikey",
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.UniqueConstraint(
                fields=("user", "api_key", "kind", "period"),
                name="quotas_one_per_user_key_kind_period",
                nulls_distinct=False,
            ),
        ),
        migrations.RemoveConstraint(model_name="quota", name="quotas_one_per_user_kind_period"),
        migrations.RunPython(migrations.RunPython.noop, refuse_while_caps_exist),
    ]
