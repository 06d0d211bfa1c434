from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activelearn", "0013_aim")]

    operations = [
        migrations.AddField(
            "modelversion",
            "calibrated_on",
            models.CharField(
                max_length=64,
                blank=True,
                db_default="",
                help_text="The SHA-256 of the labels on which a calibration was tried.",
            ),
        ),
        migrations.AddField(
            "modelversion",
            "calibration",
            models.JSONField(
                default=dict,
                help_text="Whether a calibration helped: a core.calibration.Trial.",
            ),
        ),
    ]
