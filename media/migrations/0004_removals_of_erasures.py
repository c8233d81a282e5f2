"""Say of an object that is to go which erasure waits for it.

Why: an erasure is verified when its objects are gone from storage, not before.
Data: none; objects that are about to go are of no erasure.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("media", "0003_name_the_storage")]

    operations = [
        migrations.AddField(model_name="removal", name="erasure_id", field=models.UUIDField(null=True)),
        migrations.AddIndex(
            model_name="removal",
            index=models.Index(
                condition=models.Q(("erasure_id__isnull", False)),
                fields=["erasure_id"],
                name="media_removals_of_erasure",
            ),
        ),
    ]
