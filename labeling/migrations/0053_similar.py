from django.db import migrations, models

REASONS = [
    ("cold", "Cold"),
    ("model", "Model"),
    ("random", "Random"),
    ("evaluation", "Evaluation"),
    ("duel", "Duel"),
    ("similar", "Similar"),
    ("second", "Second"),
    ("gold", "Gold"),
    ("repeat", "Repeat"),
    ("chosen", "Chosen"),
    ("returned", "Returned"),
    ("refill", "Refill"),
    ("review", "Review"),
    ("import", "Import"),
]


class Migration(migrations.Migration):

    dependencies = [
        ("labeling", "0052_held_out_beyond"),
    ]

    operations = [
        migrations.AlterField(
            model_name=name,
            name="reason",
            field=models.CharField(choices=REASONS, max_length=10),
        )
        for name in ("annotation", "assignment", "queueentry")
    ]
