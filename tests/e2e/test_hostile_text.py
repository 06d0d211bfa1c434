"""S09: text that tries to be a program, in every field, stays text on every screen.

The screens are those of ``test_screens`` and all of the admin, the fields are those of
the models: a new screen or field is covered without a change here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.test import Client
from playwright.sync_api import Browser, Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from activelearn.models import Evaluation, ModelVersion, Snapshot, TrainingRun
from labeling.messages import Message, verbatim
from labeling.models import Disagreement, Item, Job, Label, Project, Source, User
from labeling.services.experts import adjudicate, blind
from labeling.services.experts.decisions import Decision
from labeling.services.projects import invitations
from labeling.services.queue import order
from labeling.services.transfer import predictions
from labeling.services.votes import agreement
from labeling.services.work import jobs
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.test_screens import SCREENS, fed, ready
from tests.e2e.test_station import import_pictures
from tests.labeling.experts.test_adjudicate import dispute

pytestmark = browsing.MARKS

# Each element or attribute that comes to life bears the mark x55.
RUN: Final = "__xss=1"
PAYLOADS: Final = (
    "<b x55>",
    f"<img x55 src=x onerror={RUN}>",
    f"<IMG X55 SRC=x ONERROR={RUN}>",
    f"<img x55 src=x onerror\n=\n{RUN}>",
    f"<img/x55/src=x/onerror={RUN}>",
    f"<svg x55 onload={RUN}>",
    f"<svg x55><script>{RUN}</script></svg>",
    f"<svg x55><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<script x55>{RUN}</script>",
    f"<ScRiPt x55>{RUN}</sCrIpT>",
    f"<script x55 src=data:,{RUN}></script>",
    f"</script><script x55>{RUN}</script>",
    f"</title><script x55>{RUN}</script>",
    f"</textarea><img x55 src=x onerror={RUN}>",
    f"</style><img x55 src=x onerror={RUN}>",
    f"</option></select><img x55 src=x onerror={RUN}>",
    f"--><img x55 src=x onerror={RUN}>",
    f"]]><img x55 src=x onerror={RUN}>",
    f'"><img x55 src=x onerror={RUN}>',
    f"'><img x55 src=x onerror={RUN}>",
    f'" x55 autofocus onfocus={RUN} "',
    f"' x55 autofocus onfocus={RUN} '",
    f"x55 x55 autofocus onfocus={RUN} tabindex=1",
    f"` x55 onmouseover={RUN} `",
    f"<details x55 open ontoggle={RUN}>",
    f"<input x55 autofocus onfocus={RUN}>",
    f"<video x55><source onerror={RUN}></video>",
    f"<body x55 onload={RUN}>",
    f'<iframe x55 srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f"<iframe x55 src=javascript:parent.{RUN}></iframe>",
    f"<object x55 data=javascript:{RUN}></object>",
    f"<form x55 action=javascript:{RUN}><button>x</form>",
    "<base x55 href=//evil.example/>",
    f"<meta x55 http-equiv=refresh content=0;url=javascript:{RUN}>",
    "<link x55 rel=stylesheet href=//evil.example/x.css>",
    f"<math x55><mtext><table><mglyph><style><img src=x onerror={RUN}>",
    f'<noscript x55><p title="</noscript><img src=x onerror={RUN}>">',
    f"&lt;img x55 src=x onerror={RUN}&gt;",
    f"[x55](javascript:{RUN}) <a x55 href=javascript:{RUN}>x</a>",
    f'![x55](x" onerror="{RUN}) [y](data:text/html,<script>{RUN}</script>)',
    "{{ x55 }}{% debug %}${__xss=1}\u202e",
)
ALL: Final = "\n\n".join(PAYLOADS)
# What programs write and read again: names of files, digests, words of our own.
OURS: Final = {
    *("slug", "digest", "password", "path", "sha256", "mime", "format", "series"),
    *("hotkey", "color", "kind", "content_hash", "request_hash", "votes_hash"),
    *("items_hash", "spec_hash", "group_key", "params", "soft_label", "votes_seen"),
    *("retrain_when", "left_out_days"),
}
CHECK: Final = """() => {
  const all = [...document.querySelectorAll("*")];
  const leads = ["href", "src", "action", "formaction", "data", "xlink:href"];
  const isBad = (one) => one.hasAttribute("x55")
    || [...one.attributes].some((a) => a.name.startsWith("on"))
    || leads.some((name) => /^\\s*(javascript|data|vbscript):/i.test(one.getAttribute(name) ?? ""))
    || (one.localName === "script" && !one.src && one.type !== "application/json")
    || ["iframe", "object", "embed", "base", "math"].includes(one.localName);
  return {
    ran: String(window.__xss ?? ""),
    alive: all.filter(isBad).map((one) => one.outerHTML.slice(0, 120)),
    isShown: document.documentElement.outerHTML.includes("x55"),
  };
}"""


def packed(size: int) -> list[str]:
    """Return texts of at most ``size`` characters that hold all payloads which fit."""
    packs = [""]
    for payload in PAYLOADS:
        if len(payload) > size:
            continue
        if len(packs[-1]) + len(payload) > size:
            packs.append("")
        packs[-1] += payload
    return packs


def hostile(field: models.Field[Any, Any], row: models.Model, number: int) -> str:
    if field.max_length is None:
        return ALL
    end = f"#{row.pk}"
    packs = packed(field.max_length - len(end))
    return packs[number % len(packs)] + end


def poisoned(value: Any) -> Any:
    """Return JSON with all payloads in place of every text."""
    if isinstance(value, Message):
        return verbatim(ALL)
    if isinstance(value, str):
        return ALL
    if isinstance(value, dict):
        return {name: poisoned(part) for name, part in value.items()}
    return [poisoned(part) for part in value] if isinstance(value, list) else value


def texts_of(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """Return the fields of a model that hold somebody's text."""
    kinds = (models.CharField, models.TextField, models.JSONField)
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, kinds)
        and not (field.choices or field.primary_key or field.name in OURS)
        and (model, field.name) != (Label, "name")
    ]


def ours() -> list[type[models.Model]]:
    """Return the models whose rows somebody writes."""
    names = ("labeling", "activelearn")
    tables = [model for model in apps.get_models() if model._meta.app_label in names]
    return [*tables, Group]


def poison() -> None:
    """Put the payloads into every text field of every row."""
    for model in ours():
        fields = texts_of(model)
        rows = list(model._default_manager.all())
        for number, row in enumerate(rows):
            for place, field in enumerate(fields):
                old = getattr(row, field.attname)
                is_json = isinstance(field, models.JSONField)
                new = poisoned(old) if is_json else hostile(field, row, number + place)
                setattr(row, field.attname, new)
        if fields and rows:
            names = [field.name for field in fields]
            model._default_manager.bulk_update(rows, names)
    table = {payload: payload for payload in PAYLOADS}
    tags = [payload for payload in PAYLOADS if len(payload) <= 80]
    Item.objects.update(metadata=table, tags=tags)
    Item.objects.filter(project__slug="wine").update(data={**table, "nested": table})


def build() -> User:
    """Make one project of each kind, with something on every screen."""
    boss = make.user(manager=True)
    boss.is_staff = boss.is_superuser = True
    boss.save()
    for slug, kind in (("languages", "text"), ("wine", "table"), ("digits", "image")):
        has_model = kind == "image"
        made = make.project(
            labels=PAYLOADS,
            data_type=kind,
            manager=boss,
            overlap=1 if has_model else 2,
            suggestion_mode="assist" if has_model else "blind",
        )
        Project.objects.filter(pk=made.pk).update(slug=slug)
    project = Project.objects.get(slug="languages")
    manager = make.manager_of(project)
    rows = [dispute(project, PAYLOADS[:1], PAYLOADS[1:2]) for _ in range(4)]
    adjudicate.resolve(
        manager, rows[0].pk, Decision((PAYLOADS[2],), "resolved", "why", True)
    )
    blind.label_blind(manager, rows[1].pk, (PAYLOADS[3],))
    agreement.compute(project.pk)
    invitations.create(manager, "expert")
    job = jobs.enqueue("agreement", project=project, user=boss)
    Job.objects.filter(pk=job.pk).update(
        state="failed",
        stage="s",
        error=verbatim("e"),
        log=[{"at": "12:00:00", "text": "l"}],
        result={"said": "r"},
    )
    import_pictures(Project.objects.get(slug="digits"), 12)
    make.item(Project.objects.get(slug="wine"))
    items = make.items(project, 3)
    predictions.publish(project.pk, 1, [(items[0].pk, PAYLOADS[4], 0.5)])
    for slug in ("languages", "wine"):
        hostile = Project.objects.get(slug=slug)
        make.ranked(hostile, list(Item.objects.filter(project=hostile, state="open")))
    suggest(Project.objects.get(slug="digits"))
    lent = make.lease(manager, 3)
    make.vote(manager, lent[0], PAYLOADS[5])
    train(project, job)
    fed(project)
    poison()
    return User.objects.get(pk=boss.pk)


def suggest(project: Project) -> None:
    """Put a project's items into its queue, each with a suggestion."""
    told = {"label": PAYLOADS[6], "confidence": 0.9, "model": 1}
    rows = Item.objects.filter(project=project, split="pool")
    entries = [
        order.Entry(row.pk, 0, is_first=True, rank=n, reason="model", suggestion=told)
        for n, row in enumerate(rows)
    ]
    order.swap(project.pk, entries)


def train(project: Project, job: Job) -> None:
    """Write down a training run, without the training."""
    snapshot = Snapshot.objects.create(
        project=project, sha256="0" * 64, items=1, label_set_id=project.label_set_pk
    )
    run = TrainingRun.objects.create(
        project=project,
        job=job,
        trigger="person",
        reason=verbatim("r"),
        snapshot=snapshot,
    )
    model = ModelVersion.objects.create(
        project=project,
        number=1,
        run=run,
        snapshot=snapshot,
        size=1,
        seed=1,
        label_set_id=project.label_set_pk,
        spec_hash="0" * 64,
        sha256="0" * 64,
        environment={"python": "x"},
    )
    Evaluation.objects.create(
        model=model,
        items=1,
        items_hash="0" * 64,
        report=make.REPORT,
        better=0,
        worse=0,
        lower_bound=0,
        mid_p=1,
        outcomes={},
    )


def screens() -> Iterator[tuple[str, str]]:
    """Return the name and address of every screen."""
    item = Item.objects.filter(resolutions__isnull=False).latest("pk").pk
    job = Job.objects.filter(project__slug="languages").latest("pk").pk
    source = Source.objects.get().pk
    for name, path in SCREENS.items():
        yield name, path.format(item=item, job=job, source=source, report=job)
    address, step = "/projects/languages/", "disagreements/"
    blind = Project.objects.get(slug="languages").disagreements.latest("pk").pk
    yield "blind", f"{address}{step}?id={blind}"
    decided = Disagreement.objects.exclude(resolved_at=None).latest("pk")
    yield "decided", f"{address}{step}?after={decided.pk}"
    yield "version", f"{address}guideline/?version=1"
    for model in admin.site._registry:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield f"{place} list", place
        if row := model._default_manager.order_by("-pk").first():
            yield f"{place} form", f"{place}{row.pk}/change/"


class Watch:
    """What came to life on a page, was said on its console, or left the site."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url, self.where = page, url, ""
        self.problems: list[str] = []
        page.on("console", lambda message: self._hear(message.text))
        page.on("dialog", self._close)
        page.on("request", lambda request: self._leave(request.url))

    def _say(self, what: str) -> None:
        self.problems.append(f"{self.where}: {what}")

    def _close(self, dialog: Dialog) -> None:
        self._say(f"dialog {dialog.message}")
        dialog.dismiss()

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self._say(text)

    def _leave(self, url: str) -> None:
        if not url.startswith((self.url, "data:image", "blob:")):
            self._say(f"asked for {url}")

    def look(self, where: str) -> bool:
        """Note what is alive; return whether any payload is there, as text."""
        self.where = where
        sight = self.page.evaluate(CHECK)
        if sight["ran"]:
            self._say("a payload ran")
        for text in sight["alive"]:
            self._say(text)
        return bool(sight["isShown"])


def enter(page: Page, url: str, who: User) -> None:
    client = Client()
    client.force_login(who)
    key = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": key, "url": url}])


def test_s09_hostile_text_in_every_field_stays_text_on_every_screen(
    browser: Browser, live_server: LiveServer
) -> None:
    assert len(PAYLOADS) > 40
    who = build()
    page = browser.new_context().new_page()
    enter(page, live_server.url, who)
    watch = Watch(page, live_server.url)
    names = packed(120)
    unseen = set()
    for number, (name, path) in enumerate(list(screens())):
        if name == "login":
            continue
        # A name is short: each screen meets other payloads in it.
        Project.objects.update(name=names[number % len(names)])
        watch.where = name
        with page.expect_response(live_server.url + path) as answer:
            ready(page, live_server.url + path)
        # Of the one version that is there, nothing can be made: that is said in words.
        assert answer.value.ok or name in ("archive", "promote", "rollback"), name
        if not watch.look(name):
            unseen.add(name)
    assert watch.problems == []
    bare = {"archive", "new-project", "join", "rollback"}
    assert {text for text in unseen if "admin" not in text} <= bare


def test_s09_hostile_text_stays_text_while_people_work(
    browser: Browser, live_server: LiveServer
) -> None:
    who = build()
    page = browser.new_context().new_page()
    enter(page, live_server.url, who)
    watch = Watch(page, live_server.url)
    address = f"{live_server.url}/projects/languages/"

    for slug in ("languages", "wine", "digits"):
        ready(page, f"{live_server.url}/projects/{slug}/label/")
        for keys in (
            ("1", "1"),
            ("ArrowLeft", "Escape"),
            ("c", "Escape"),
            ("?", "Escape"),
        ):
            for key in keys:
                page.keyboard.press(key)
                page.wait_for_timeout(50)
            watch.look(f"station of {slug}, {keys}")
    page.goto(f"{address}import/")
    rows = ",".join(
        json.dumps(text.replace("\n", " ")).replace('\\"', '""') for text in PAYLOADS
    )
    name = "<img x55 src=x onerror=__xss=1>.csv"
    body = f"{rows}\n{rows}\n".encode()
    page.set_input_files(
        "[name=file]", {"name": name, "mimeType": "text/csv", "buffer": body}
    )
    page.click("main form button")
    expect(page.get_by_text("The first rows of")).to_be_visible()
    assert watch.look("import")
    page.goto(f"{address}guideline/")
    page.fill("[name=text]", ALL)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    assert watch.look("preview")
    page.goto(f"{address}members/")
    page.fill("[name=user]", PAYLOADS[1])
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert watch.look("members")
    for field in ("id", "label", "tag", "state", "q"):
        for path in ("items/", "items/delete/"):
            named = "%22%3E%3Cimg%20x55%20src=x%20onerror=__xss=1%3E"
            page.goto(f"{address}{path}?{field}={named}")
            watch.look(f"{path} by {field}")
    page.goto(f"{address}disagreements/")
    with page.expect_navigation():
        page.locator("button.label").first.click()
    assert watch.look("decided")
    manager = make.manager_of(Project.objects.get(slug="languages"))
    made = invitations.create(manager, "expert")
    for where in ("join as oneself", "join as somebody new"):
        page.goto(f"{live_server.url}/join/#{made.code}")
        expect(page.locator("h1.breaks")).to_be_visible()
        assert watch.look(where)
        page.context.clear_cookies()
        page.goto("about:blank")

    assert watch.problems == []


def test_every_text_field_is_poisoned_or_known_to_be_ours(db: None) -> None:
    fields = {field.name for model in apps.get_models() for field in texts_of(model)}

    assert {"external_id", "comment", "note", "text", "description", "error"} <= fields
    assert not any(isinstance(field, ArrayField) for field in texts_of(Item))


@pytest.mark.parametrize("size", [20, 80, 120, 255])
def test_packs_fit_and_lose_no_payload_that_fits(size: int) -> None:
    packs = packed(size)

    assert all(len(pack) <= size for pack in packs)
    short = [payload for payload in PAYLOADS if len(payload) <= size]
    assert all(any(payload in pack for pack in packs) for payload in short)
