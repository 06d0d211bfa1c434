"""Load the demo projects and their people; running twice changes nothing."""

from __future__ import annotations

from labeling.models import Item, Project, User
from labeling.services.projects import creation, label_sets, members
from labeling.services.queue import order
from labeling.services.transfer import importing
from labeling.services.votes import gold
from labeling.services.work import jobs
from running.demo.data import DEMOS, Demo

PEOPLE = {
    "engineer": "manager",
    "expert": "expert",
    "ada": "annotator",
    "ben": "annotator",
    "cleo": "annotator",
}


def people() -> dict[str, str]:
    """Create the demo's accounts; return the passwords of the new ones.

    Raises what ``members.create_user`` raises.
    """
    passwords = {}
    for name, role in PEOPLE.items():
        if User.objects.filter(username=name).exists():
            continue
        is_manager = role == "manager"
        user, passwords[name] = members.create_user(name, manager=is_manager)
        if is_manager:
            user.is_staff = user.is_superuser = True
            user.save(update_fields=["is_staff", "is_superuser"])
    return passwords


def load(demo: Demo) -> bool:
    """Create a demo project with its items; return whether it was missing."""
    if Project.objects.filter(slug=demo.slug).exists():
        return False
    owner = User.objects.get(username="engineer")
    hotkeys = "1234567890" if demo.slug != "digits" else demo.labels
    draft = creation.ProjectDraft(
        name=demo.name,
        slug=demo.slug,
        data_type=demo.data_type,
        labels=[
            label_sets.LabelDraft(label, key)
            for label, key in zip(demo.labels, hotkeys, strict=False)
        ],
        guidelines=demo.guideline,
        policy={"overlap": demo.overlap},
    )
    project = creation.create(owner, draft)
    for name, role in PEOPLE.items():
        members.add(project, User.objects.get(username=name), role)
    data, truth = demo.load()
    upload = importing.stage(project, owner, demo.file_name, [data])
    jobs.run(importing.start(upload, owner, {}, {}).job_id)
    _label_evaluation(project, truth)
    return True


def _label_evaluation(project: Project, truth: dict[str, str]) -> None:
    """Give the held-out items their known answers, so that models can be judged."""
    items = Item.objects.filter(project=project).evaluation()
    gold.record(project, [(item, [truth[item.external_id]]) for item in items])
    order.send_items_changed(project.pk)


def load_all() -> list[str]:
    """Load what is missing; return the slugs of the new projects."""
    return [demo.slug for demo in DEMOS if load(demo)]
