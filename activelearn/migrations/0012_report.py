from typing import Any

from django.db import migrations, models

Figures = dict[str, Any]


def _wilson(share: float, n: float) -> Figures:
    """Return what ``core.intervals.wilson`` returned at the time of this migration."""
    if n <= 0:
        return {"value": share, "low": 0.0, "high": 1.0}
    z2 = 1.959964**2 / n
    center = (share + z2 / 2) / (1 + z2)
    root = (share * (1 - share) / n + z2 / (4 * n)) ** 0.5
    half = 1.959964 / (1 + z2) * root
    low, high = max(0.0, center - half), min(1.0, center + half)
    return {"value": share, "low": min(low, share), "high": max(high, share)}


def _unsure(value: float) -> Figures:
    """Return a figure whose interval is not known any more."""
    return {"value": value, "low": 0.0, "high": 1.0}


def reports(apps: Any, _schema: Any) -> None:
    """Turn what an evaluation said into a report; what it did not say stays open."""
    evaluation = apps.get_model("activelearn", "Evaluation")
    for row in evaluation.objects.iterator():
        recalls = [label["recall"] for label in row.labels if label.get("support")]
        balanced = sum(recalls) / len(recalls) if recalls else 0.0
        row.report = {
            "figures": {
                "summary": {
                    "items": row.items,
                    "accuracy": _wilson(row.accuracy, row.items),
                    "macro_f1": _unsure(row.macro_f1),
                    "balanced_accuracy": _unsure(balanced),
                },
                "log_loss": None,
                "labels": [
                    {
                        "label": label["label"],
                        "precision": _unsure(label["precision"]),
                        "recall": _wilson(label["recall"], label["support"]),
                        "f1": _unsure(label["f1"]),
                        "support": label["support"],
                        "average_precision": None,
                    }
                    for label in row.labels
                ],
                "confusions": [],
            },
            "slices": [],
            "baselines": [],
            "training": None,
        }
        row.save(update_fields=["report"])


def figures(apps: Any, _schema: Any) -> None:
    """Write what a report says into the columns of the release before."""
    evaluation = apps.get_model("activelearn", "Evaluation")
    for row in evaluation.objects.iterator():
        said = row.report["figures"]
        row.accuracy = said["summary"]["accuracy"]["value"]
        row.macro_f1 = said["summary"]["macro_f1"]["value"]
        row.labels = [
            {
                "label": label["label"],
                "precision": label["precision"]["value"],
                "recall": label["recall"]["value"],
                "f1": label["f1"]["value"],
                "support": label["support"],
            }
            for label in said["labels"]
        ]
        row.save(update_fields=["accuracy", "macro_f1", "labels"])


class Migration(migrations.Migration):
    dependencies = [("activelearn", "0011_experiment")]

    operations = [
        migrations.AddField(
            "evaluation",
            "report",
            models.JSONField(
                default=dict,
                help_text="All figures with their intervals: a core.report.Report.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "evaluation",
            "answers",
            models.JSONField(
                default=dict, help_text="Item → [its labels, what the model answers]."
            ),
        ),
        migrations.RunPython(reports, migrations.RunPython.noop, elidable=True),
        # Empty on the way back, until they are filled.
        migrations.AlterField("evaluation", "accuracy", models.FloatField(null=True)),
        migrations.AlterField("evaluation", "macro_f1", models.FloatField(null=True)),
        migrations.AlterField("evaluation", "labels", models.JSONField(null=True)),
        migrations.RunPython(migrations.RunPython.noop, figures, elidable=True),
        migrations.RemoveField("evaluation", "accuracy"),
        migrations.RemoveField("evaluation", "macro_f1"),
        migrations.RemoveField("evaluation", "labels"),
    ]
