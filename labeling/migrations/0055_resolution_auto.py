from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ("labeling", "0054_automation"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="resolution",
            index=models.Index(
                fields=["project", "created_at"],
                condition=Q(superseded_at=None, source="auto"),
                name="resolution_auto",
            ),
        ),
    ]
