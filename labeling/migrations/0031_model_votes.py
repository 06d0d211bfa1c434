from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0030_skills")]

    operations = [
        migrations.AddField(
            "project",
            "model_votes",
            models.BooleanField(
                "The model's answer counts as a vote",
                default=False,
                help_text="Where a label is confident by how likely it is: like the vote of one more person, by how often the model is right on items that it has not learned from. Never on held-out items.",
            ),
        ),
        migrations.AddField(
            "resolution",
            "counted_model",
            models.PositiveIntegerField(
                help_text="The version whose answer counted beside the votes, if any.",
                null=True,
            ),
        ),
    ]
