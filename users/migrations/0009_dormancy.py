"""Keep how far an account that nobody uses is on its way out.

Why: such an account is told, told again, suspended and erased, each a while after the one before.
Data: none. New columns users.dormancy_step and users.dormancy_step_at, empty for everybody.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0008_privacy_scopes")]

    operations = [
        migrations.AddField(
            "user",
            "dormancy_step",
            models.CharField(
                blank=True,
                choices=[("notified", "Notified"), ("reminded", "Reminded"), ("suspended", "Suspended")],
                db_default="",
                default="",
                editable=False,
                max_length=10,
            ),
        ),
        migrations.AddField("user", "dormancy_step_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=models.Q(dormancy_step="", dormancy_step_at__isnull=True)
                | models.Q(dormancy_step__in=["notified", "reminded", "suspended"], dormancy_step_at__isnull=False),
                name="users_dormancy_whole",
            ),
        ),
    ]
