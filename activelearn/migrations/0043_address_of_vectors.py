"""The key of an address that makes vectors."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activelearn', '0042_strength'),
    ]

    operations = [
        migrations.AddField(
            model_name='addedencoder',
            name='sealed',
            field=models.TextField(blank=True, help_text='The key of an address, encrypted; never shown.'),
        ),
    ]
