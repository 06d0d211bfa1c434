import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0057_webhooks'),
    ]

    operations = [
        migrations.CreateModel(
            name="ItemVector",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="vector",
                        serialize=False,
                        to="labeling.item",
                    ),
                ),
                (
                    "numbers",
                    models.BinaryField(
                        help_text="Of four bytes, the lowest byte first."
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labeling.project",
                    ),
                ),
            ],
        ),
    ]
