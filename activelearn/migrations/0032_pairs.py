from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("activelearn", "0031_external")]

    operations: ClassVar = [migrations.RenameField("evaluation", "answers", "pairs")]
