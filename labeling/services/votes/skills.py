"""How often each person is right: fitted anew when a tenth more votes have come."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from labeling import signals
from labeling.models import (
    Annotation,
    Item,
    Prediction,
    Project,
    ProjectCounter,
    Reason,
    Resolution,
    Skills,
)
from labeling.quality import consensus, questions
from labeling.quality import skills as quality
from labeling.quality.consensus import Labels
from labeling.quality.opinions import Voice, weight_of
from labeling.quality.questions import Questions
from labeling.services.votes import relabel
from labeling.services.votes.statements import SQL
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# Labels from these are right, whatever the votes say.
FIRM: Final = (Resolution.Source.EXPERT, Resolution.Source.GOLD)
KnownLabels = dict[int, Labels]
# In a fit, the serving model stands beside the people under this number.
MODEL: Final = questions.MODEL


def newest(project_id: int) -> Skills | None:
    """Return the fit that items are settled with now, if there is one."""
    return Skills.objects.filter(project=project_id).first()


def values_of(fit: Skills | None) -> dict[int, float]:
    """Return the skill in [0, 1] of each person of whom a fit knows something."""
    return {person: skill.value for person, skill in of_people(fit).items()}


def of_people(fit: Skills | None) -> dict[int, quality.Skill]:
    """Return the skill of each person, by their id, of whom a fit knows something."""
    body = fit.body if fit else {}
    return {
        int(person): quality.Skill(right, votes)
        for person, (right, votes, *_weight) in body.items()
        if int(person) != MODEL
    }


def of_model(fit: Skills | None) -> Voice | None:
    """Return how the serving model's answers count; None: too little is known of it."""
    right, votes, *weight = fit.body.get(str(MODEL), (0, 0)) if fit else (0, 0)
    skill = quality.of_model(quality.Skill(right, votes))
    # Fits of earlier releases have no weight.
    return None if skill is None else Voice(skill, *weight or [None])


def sureness(prediction: Prediction) -> dict[str, float]:
    """Return how likely the model takes each label that it predicts."""
    return dict(prediction.probabilities)


def second_opinions(project: Project) -> QuerySet[Prediction]:
    """Return what the model says of items that it has not learned from.

    None where the project does not let it vote. Held-out items have no prediction, and
    are left out whatever there is; so are items of a duel or an audit, which people are
    to decide, and those that somebody answered with its suggestion in sight: their vote has it.
    """
    votes = Annotation.votes.filter(item=OuterRef("item"), undone_at=None)
    of_duel = Q(reason__in=(Reason.DUEL, Reason.AUDIT))
    predictions = Prediction.objects.filter(
        ~Exists(votes.filter(of_duel | Q(suggestion_shown__isnull=False))),
        project=project,
        was_trained_on=False,
        item__split=Item.Split.POOL,
    )
    may_vote = project.model_votes and not project.hides_model
    return predictions if may_vote else predictions.none()


def request_if_due(project: Project) -> None:
    """Request a fit where votes are settled by it and enough new ones have come."""
    if project.settled_by != Project.SettledBy.POSTERIOR:
        return
    fit = newest(project.pk)
    if quality.is_due(fit.votes if fit else 0, _votes(project.pk)):
        jobs.request_for_project("skills", project.pk, series="skills")


def run(progress: Progress) -> dict[str, Any]:
    """Fit the skills in the job's project."""
    if progress.job.project_id is None:
        return {}
    fit = compute(progress.job.project_id)
    return {"people": len(fit.body)}


def compute(project_id: int) -> Skills:
    """Fit everybody's skill to the votes that stand now, and have what is open settled.

    Labels that items have stay until their votes change. The same votes add no fit. All
    votes are read, and nothing is carried over from the fit before, so no fit can drift;
    as each waits for a tenth more votes, all of them read a vote eleven times at most.
    """
    project = Project.objects.get(pk=project_id)
    # Counted first: votes that come in from here on count toward the next fit.
    votes = _votes(project_id)
    body = _fitted(project)
    last = newest(project_id)
    if last is not None and last.body == body:
        Skills.objects.filter(pk=last.pk).update(votes=votes)
        return last
    fit = Skills.objects.create(
        project=project, computed_at=timezone.now(), votes=votes, body=body
    )
    settle_anew(project_id)
    return fit


def settle_anew(project_id: int, *, held_out: bool = False) -> None:
    """Have items settled afresh that have votes: those without a label, or held-out ones."""
    values = {"project": project_id, "held_out": held_out}
    with connection.cursor() as cursor:
        cursor.execute(SQL["settle_anew"], values)
    signals.send_on_commit(signals.votes_changed, project_id)


def _votes(project_id: int) -> int:
    rows = ProjectCounter.objects.filter(project=project_id)
    return int(rows.aggregate(total=Sum("votes", default=0))["total"])


def _fitted(project: Project) -> dict[str, list[float]]:
    """Return what is known of each person, and of the model with its weight."""
    asked = _asked(project)
    categories = terms_of(project).categories
    votes = [*asked.votes, *asked.of_model]
    fit = quality.fitted(votes, asked.truth, categories)
    body = {
        str(who): [round(skill.right, 6), skill.votes]
        for who, skill in sorted(fit.items())
    }
    if str(MODEL) in body:
        people = {who: skill.value for who, skill in fit.items() if who != MODEL}
        weight = weight_of(asked.opinions, asked.votes, people, asked.truth, categories)
        body[str(MODEL)].append(round(weight, 6))
    return body


def _asked(project: Project) -> Questions:
    names = relabel.names_now(project.pk)
    firm = Resolution.objects.filter(
        project=project, superseded_at=None, source__in=FIRM, is_ambiguous=False
    )
    known: KnownLabels = {
        item: relabel.translated(labels, names[label_set])
        for item, label_set, labels in firm.values_list(
            "item_id", "label_set_id", "labels"
        )
    }
    # One vote on an item whose labels nobody knows tells nothing of who gave it.
    telling = Q(item__votes__gte=2) | Q(item__in=firm.values("item"))
    rows = (
        Annotation.votes.filter(telling, project=project, undone_at=None)
        .order_by("item_id", "pk")
        .values_list("item_id", "annotator_id", "label_set_id", "labels")
    )
    opinions = {
        prediction.item_id: sureness(prediction)
        for prediction in second_opinions(project).filter(item__votes__gt=0)
    }
    asked = Questions()
    for item, group in groupby(rows.iterator(chunk_size=10_000), itemgetter(0)):
        given = [
            (person, relabel.translated(labels, names[label_set]))
            for _, person, label_set, labels in group
        ]
        add = asked.add_labels if project.is_multi else asked.add_single
        add(item, given, known.get(item), opinions.get(item))
    return asked


def terms_of(project: Project) -> consensus.SettlingTerms:
    """Return when votes settle an item of this project that gets as many as most do."""
    label_set = project.label_set
    return consensus.SettlingTerms(
        label_count=label_set.labels.count() if label_set else 0,
        is_multi=project.is_multi,
        min_votes=project.min_votes,
        max_votes=project.overlap,
        confidence=project.confidence,
    )
