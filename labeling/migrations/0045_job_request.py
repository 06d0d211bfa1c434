"""Jobs keep the name of the request that they come from, for the lines of the log."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("labeling", "0043_meeting")]

    operations: ClassVar = [
        migrations.AddField(
            "job",
            "request_id",
            models.CharField(
                db_default="",
                max_length=64,
                help_text="Names the request that it comes from.",
            ),
        ),
    ]
