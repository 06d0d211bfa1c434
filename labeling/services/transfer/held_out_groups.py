"""What is held out beyond the draw, as it is kept: see ``beyond.py``."""

from __future__ import annotations

from collections import defaultdict

from labeling.models import BeyondSample, Project
from labeling.services.transfer.samples import LabelSample, Samples
from labeling.services.votes import relabel


def read(project_id: int) -> Samples:
    """Return what is held out for which labels, by their names of today."""
    rows = list(BeyondSample.objects.filter(project=project_id).order_by("pk"))
    if not rows:
        return Samples()
    moves = relabel.names_now(project_id)
    grouped: dict[str, set[str]] = defaultdict(set)
    of_labels: dict[str, LabelSample] = {}
    others: dict[str, frozenset[str]] = {}
    seen: set[str] = set()
    for row in rows:
        today = moves.get(row.label_set_id, {}).get(row.label, row.label)
        for key in row.groups:
            grouped[key].add(today)
        if today in seen:
            # Of labels that became one, how many groups there were is not known any more.
            of_labels.pop(today, None)
            others.pop(today, None)
        elif row.held_out is not None and row.of is not None:
            of_labels[today] = LabelSample(row.held_out, row.of)
            if row.others is not None:
                others[today] = frozenset(row.others)
        seen.add(today)
    groups = {key: frozenset(labels) for key, labels in sorted(grouped.items())}
    return Samples(groups, of_labels, others)


def keep(project: Project, chosen: Samples) -> None:
    """Keep what is held out, in place of what was.

    Called behind the turn of imports, which all who write it wait for: so none of them
    takes back what another one has kept since.
    """
    of_label: dict[str, list[str]] = {label: [] for label in chosen.labels}
    for key, labels in chosen.groups.items():
        for label in labels:
            of_label.setdefault(label, []).append(key)
    # Not the project's own one, which an import has had since it began.
    label_set = relabel.in_force(project.pk)
    rows = []
    for label, keys in sorted(of_label.items()):
        row = BeyondSample(
            project=project, label_set_id=label_set, label=label, groups=keys
        )
        if sample := chosen.labels.get(label):
            row.held_out, row.of = sample.held_out, sample.of
        if label in chosen.others:
            row.others = sorted(chosen.others[label])
        rows.append(row)
    BeyondSample.objects.filter(project=project).delete()
    BeyondSample.objects.bulk_create(rows)
