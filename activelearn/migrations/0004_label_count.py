"""A number of labels is called that."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("activelearn", "0003_goes_with_its_project")]
    operations: ClassVar = [
        migrations.RenameField("rankingfit", "labels", "label_count"),
        migrations.RenameField("retraintrigger", "labels", "label_count"),
        migrations.RenameField("trainingrun", "labels", "label_count"),
    ]
