from django.db import migrations, models

REASONS = [
    ("cold", "Cold"),
    ("model", "Model"),
    ("random", "Random"),
    ("evaluation", "Evaluation"),
    ("duel", "Duel"),
    ("audit", "Audit"),
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
        ("labeling", "0053_similar"),
    ]

    operations = [
        *(
            migrations.AlterField(
                model_name=name,
                name="reason",
                field=models.CharField(choices=REASONS, max_length=10),
            )
            for name in ("annotation", "assignment", "queueentry")
        ),
        migrations.AddField(
            model_name="project",
            name="automation",
            field=models.CharField(
                choices=[
                    ("human", "People only"),
                    ("shadow", "Shadow"),
                    ("assistance", "Assistance"),
                    ("partial", "Partial"),
                    ("full", "Full"),
                ],
                db_default="assistance",
                default="assistance",
                editable=False,
                help_text="How much is left to the model: the dial.",
                max_length=10,
            ),
        ),
    ]
