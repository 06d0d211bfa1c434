from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

_BOUNDS = [MinValueValidator(0.1), MaxValueValidator(10.0)]


class Migration(migrations.Migration):
    dependencies = [("activelearn", "0016_left_out")]

    operations = [
        migrations.AddField(
            "learningpolicy",
            "weight_expert",
            models.FloatField(
                "Weight of experts' labels",
                default=1.0,
                validators=_BOUNDS,
                help_text="How much a label by an expert counts in training beside the others.",
            ),
        ),
        migrations.AddField(
            "learningpolicy",
            "weight_gold",
            models.FloatField(
                "Weight of imported labels",
                default=1.0,
                validators=_BOUNDS,
                help_text="How much a label that came with a file counts in training.",
            ),
        ),
        migrations.AddField(
            "learningpolicy",
            "weight_consensus",
            models.FloatField(
                "Weight of labels by votes",
                default=1.0,
                validators=_BOUNDS,
                help_text="How much a label by the annotators' votes counts in training.",
            ),
        ),
        migrations.AddField(
            "learningpolicy",
            "half_life_days",
            models.PositiveSmallIntegerField(
                "Half-life of labels in days",
                default=0,
                validators=[MinValueValidator(0), MaxValueValidator(3650)],
                help_text="A label that is older than the newest one by this many days counts half in training; 0: age does not matter.",
            ),
        ),
        migrations.AlterField(
            "retraintrigger",
            "label_count",
            models.PositiveBigIntegerField(
                default=0,
                help_text="Confident labels and corrections of them when it fired last.",
            ),
        ),
    ]
