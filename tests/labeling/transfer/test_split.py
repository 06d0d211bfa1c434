"""What is held out: by group, by the project's share, in whatever order files come."""

from __future__ import annotations

import io
import itertools
import re
from collections import Counter, defaultdict

import numpy as np
import pytest
from django.db import connection
from PIL import Image

from labeling import rules
from labeling.likeness.sketch import FAMILY
from labeling.models import Item, Likeness, LikenessBand, Project, QueueEntry
from labeling.services.projects import policy
from labeling.services.transfer import groups, splitting
from labeling.services.transfer.group_index import Known
from labeling.services.transfer.groups import EVALUATION, POOL
from labeling.services.transfer.importing import intake
from labeling.services.transfer.rows import Row
from labeling.services.transfer.splitting import Group
from tests import make
from tests.labeling.transfer.files import bring, lines, zipped

pytestmark = pytest.mark.django_db


def sentence(number: int) -> str:
    """Return one of many sentences that have hardly any run of letters in common."""
    rng = np.random.default_rng(number)
    return " ".join(
        "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 7)) for _ in range(8)
    )


def texts(*numbers: int) -> bytes:
    return lines(*({"text": sentence(number)} for number in numbers))


def sides(project: Project) -> dict[str, str]:
    rows = Item.objects.filter(project=project)
    return dict(rows.values_list("data__text", "split"))


def test_c6_the_split_is_the_same_in_whatever_order_files_come() -> None:
    parts = [texts(*range(40)), texts(*range(40, 100)), texts(*range(100, 900))]
    splits = []
    for order in itertools.permutations(parts):
        project = make.project()
        Project.objects.filter(pk=project.pk).update(seed=77)
        project.refresh_from_db()
        for number, part in enumerate(order):
            bring(project, f"{number}.jsonl", part)
        splits.append(sides(project))

    assert all(split == splits[0] for split in splits)
    assert 60 < list(splits[0].values()).count("evaluation") < 120


def test_c6_a_group_is_on_one_side_whatever_the_share_is_later() -> None:
    project = make.project()
    rows = [{"text": sentence(n), "group": f"g{n % 60}"} for n in range(3000)]
    bring(project, "small.jsonl", lines(*rows[:60]))
    policy.change(project, {"evaluation_share": 0.5})
    project.refresh_from_db()
    bring(project, "large.jsonl", lines(*rows[60:]))

    sides_of = defaultdict(set)
    for key, split in Item.objects.values_list("group_key", "split"):
        sides_of[key].add(split)
    assert len(sides_of) == 60
    assert all(len(sides) == 1 for sides in sides_of.values())


def test_c6_a_group_of_its_own_goes_where_those_like_it_are() -> None:
    project = make.project()
    bring(project, "x.jsonl", texts(*range(200)))
    again = [{"text": f"{sentence(n)} ok", "group": f"patient {n}"} for n in range(200)]
    bring(project, "y.jsonl", lines(*again))

    split = sides(project)
    assert all(split[f"{sentence(n)} ok"] == split[sentence(n)] for n in range(200))
    assert Item.objects.values("group_key").distinct().count() == 200


def test_c6_near_duplicates_share_a_side_across_files_and_the_predict_call() -> None:
    project = make.project()
    bring(project, "x.jsonl", texts(*range(100)))
    edited = [f"{sentence(n)[:-1]}!".upper() for n in range(100)]
    bring(project, "y.jsonl", lines(*({"text": text} for text in edited[:50])))
    rows = [Row({"text": text}) for text in edited[50:]]
    rows.append(Row({"text": sentence(5000)}))
    intake.add(project, [intake.Arrival(row) for row in rows])

    split = sides(project)
    assert all(split[edited[n]] == split[sentence(n)] for n in range(100))
    assert {split[edited[n]] for n in range(50, 100)} == {"pool", "evaluation"}
    # What is like nothing was chosen by somebody: no random sample.
    assert split[sentence(5000)] == "pool"


def form(number: int) -> str:
    return f"Your parcel {number:06} was handed over to our driver and comes today."


def test_k11_a_form_that_is_filled_in_is_not_one_group() -> None:
    project = make.project()
    for part in range(4):
        rows = ({"text": form(part * 500 + n)} for n in range(500))
        bring(project, f"{part}.jsonl", lines(*rows))

    items = Item.objects.filter(project=project)
    sizes = Counter(items.values_list("group_key", flat=True))
    assert max(sizes.values()) <= FAMILY
    # 200 were due; some of the first ones are like items of both sides.
    assert 150 < items.filter(split="evaluation").count() < 300


def test_c6_what_is_equal_stays_with_its_group_however_many_are_like_it() -> None:
    project = make.project()
    bring(project, "x.jsonl", lines(*({"text": form(n)} for n in range(300))))
    again = [form(n).upper() + " " for n in range(300)]
    bring(project, "y.jsonl", lines(*({"text": text} for text in again)))

    split = sides(project)
    assert all(split[form(n).upper() + " "] == split[form(n)] for n in range(300))


def test_c6_a_picture_of_another_size_or_quality_shares_a_side() -> None:
    project = make.project(data_type="image")

    def saved(number: int, side: int, kind: str) -> bytes:
        shades = np.random.default_rng(number).integers(0, 256, (6, 6), dtype=np.uint8)
        body = io.BytesIO()
        whole = Image.fromarray(shades).resize((240, 240), Image.Resampling.BICUBIC)
        whole.resize((side, side)).save(body, kind)
        return body.getvalue()

    first = {f"{n}.png": saved(n, 240, "PNG") for n in range(30)}
    second = {f"small {n}.jpg": saved(n, 150, "JPEG") for n in range(30)}
    bring(project, "x.zip", zipped(first))
    bring(project, "y.zip", zipped(second))

    group_of = dict(Item.objects.values_list("external_id", "group_key"))
    assert len(set(group_of.values())) == 30
    assert all(group_of[f"{n}.png"] == group_of[f"small {n}.jpg"] for n in range(30))
    assert Item.objects.values("group_key", "split").distinct().count() == 30


def test_c6_a_row_with_noise_in_its_last_digits_shares_a_side() -> None:
    project = make.project(data_type="table")

    def row(number: int, noise: float) -> dict[str, object]:
        x, y = np.random.default_rng(number).uniform(20, 60, 2)
        return {"x": round(x, 2) + noise, "y": round(y, 2) - noise, "kind": "a"}

    bring(project, "x.jsonl", lines(*(row(n, 0.0) for n in range(100))))
    bring(project, "y.jsonl", lines(*(row(n, 0.01) for n in range(100))))

    assert Item.objects.count() == 200
    # One row has so few digits (30.00) that it is like nothing but its equal.
    assert Item.objects.values("group_key").distinct().count() == 101


def test_an_item_like_both_sides_is_held_out_and_told_of() -> None:
    known = {1: Known("b", EVALUATION), 2: Known("a", POOL)}

    assert groups.chosen(known, [2, 1]) == 1
    assert groups.chosen(known, [2]) == 2
    assert groups.chosen(known, []) is None


def test_c6_an_import_tells_of_rows_that_are_like_items_of_both_sides() -> None:
    project = make.project()
    sketch = groups.newcomers("text", [(Row({"text": sentence(1)}), "")])[0].sketch
    draws = sorted((rules.draw(project.seed, str(n)), str(n)) for n in range(100))
    ends = (draws[-1][1], "pool"), (draws[0][1], "evaluation")
    for number, (key, split) in enumerate(ends):
        Likeness.objects.create(
            project=project,
            number=number,
            group_key=key,
            split=split,
            signature=sketch.signature,
        )
        LikenessBand.objects.create(
            project=project, number=number, band=sketch.bands[number]
        )

    run = bring(project, "y.jsonl", texts(1, 2))

    assert "both sides of the split" in str(run.job.log)
    assert sides(project)[sentence(1)] == "evaluation"


def test_k11_a_draw_that_holds_nothing_out_is_mended() -> None:
    groups = {f"g{n}": Group(POOL, 0.5 + n / 100, items=2) for n in range(10)}

    assert splitting.moves(groups, 0.3) == {
        "g0": EVALUATION,
        "g1": EVALUATION,
        "g2": EVALUATION,
    }


def test_k11_a_draw_that_holds_everything_out_is_mended() -> None:
    groups = {f"g{n}": Group(EVALUATION, n / 100, items=2) for n in range(10)}

    kept = groups.keys() - splitting.moves(groups, 0.3).keys()

    assert kept == {"g0", "g1", "g2"}


def test_k11_what_has_been_touched_stays_and_so_do_a_few_items() -> None:
    touched = {f"g{n}": Group(POOL, 0.5, 2, is_free=False) for n in range(9)}
    few = {"a": Group(POOL, 0.5, 9)}

    assert splitting.moves(touched, 0.3) == {}
    assert splitting.moves({**touched, "x": Group(EVALUATION, 0.9, 1)}, 0.3) == {}
    assert splitting.moves(few, 0.3) == {}


def test_k11_no_import_of_ten_rows_or_more_holds_out_nothing_or_everything() -> None:
    for seed in range(30):
        project = make.project()
        Project.objects.filter(pk=project.pk).update(seed=seed)
        project.refresh_from_db()
        rows = [{"text": sentence(n), "group": f"g{n % 3}"} for n in range(12)]
        bring(project, "x.jsonl", lines(*rows))

        assert len(set(sides(project).values())) == 2, seed


def test_a_group_that_somebody_has_voted_on_keeps_its_side() -> None:
    project = make.project()
    bring(project, "x.jsonl", texts(*range(30)))
    below = splitting.threshold(0.1, 30)
    voted = next(
        item
        for item in project.items.evaluation()
        if 0.1 < rules.draw(project.seed, item.group_key) < below
    )
    Item.objects.filter(pk=voted.pk).update(votes=1)
    make.ranked(project, list(project.items.all()))

    bring(project, "y.jsonl", texts(*range(30, 800)))

    held_out = project.items.evaluation()
    assert voted in held_out
    for item in held_out.exclude(pk=voted.pk):
        assert rules.draw(project.seed, item.group_key) < 0.1
    # Nobody gets it as work on a held-out item any more.
    pool = project.items.pool().values("pk")
    assert not QueueEntry.objects.filter(item__in=pool, work="evaluation").exists()


def test_the_items_of_a_file_are_for_as_many_people_as_the_overlap_says() -> None:
    project = make.project(overlap=3, min_votes=3, overlap_share=0.5)
    bring(project, "x.jsonl", texts(*range(60)))

    for item in project.items.all():
        is_shared = rules.is_shared(project.seed, item.group_key, 0.5)
        assert item.votes_wanted == (3 if is_shared else 1)


@pytest.mark.parametrize(
    ("name", "table", "many"),
    [("numbers_of", "likenessband", "bands"), ("known", "likeness", "numbers")],
)
def test_an_import_looks_up_what_it_needs_and_never_reads_the_whole_project(
    name: str, table: str, many: str
) -> None:
    project = make.project()
    bring(project, "many.jsonl", texts(*range(300)))
    numbers = "{" + ",".join(map(str, range(1000))) + "}"
    with connection.cursor() as cursor:
        # The statistics of an import are those from before it: of an empty table.
        cursor.execute(
            f"EXPLAIN (ANALYZE) {groups.SQL[name]}",
            {"project": project.pk, many: numbers},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Nested Loop" in plan
    assert f"Index Cond: ((project_id = {project.pk})" in plan
    assert not re.search(rf"Seq Scan on labeling_{table}\b", plan)
