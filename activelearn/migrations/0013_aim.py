from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activelearn", "0012_report")]

    operations = [
        migrations.AddField(
            "learningpolicy",
            "aim",
            models.FloatField(
                "Aim on held-out items",
                default=0.0,
                validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
                help_text="What the model is to reach on the held-out items, from 0 to 1; 0 is no aim. The models page says how far it is.",
            ),
        ),
        migrations.AddField(
            "learningpolicy",
            "aim_figure",
            models.CharField(
                "Figure of the aim",
                max_length=20,
                choices=[
                    ("macro_f1", "Macro F1: each label counts as much"),
                    (
                        "balanced_accuracy",
                        "Balanced accuracy: mean recall of the labels",
                    ),
                    ("accuracy", "Accuracy: each item counts as much"),
                ],
                default="macro_f1",
                help_text="Which figure is to reach the aim.",
            ),
        ),
    ]
