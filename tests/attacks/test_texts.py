"""Guidelines that a parser could choke on."""

from __future__ import annotations

import time

import pytest

from labeling.services.projects import guidelines
from labeling.views.page.changes import changed_lines
from labeling.views.page.prose import html_of
from tests import make
from tests.test_pages import browser

MOST = guidelines.MAX_LENGTH // 5
HEAVY = {
    "brackets": "[" * MOST,
    "links": "[a](" * (MOST // 4),
    "headings": "a\n=\n" * (MOST // 4),
    "stars": "*a_ " * (MOST // 4),
    "backticks": "`a" * (MOST // 2),
    "quotations": ">" * MOST,
    "numbers": "1. " * (MOST // 3),
    "lists in lists": "\n".join("    " * depth + "- a" for depth in range(300)),
    "tables": "|a|\n|-|\n" * (MOST // 8),
    "tags": "<div>\n" * (MOST // 6),
}
# The slowest takes a tenth of it on two busy cores; before it was minutes.
PATIENCE = 4.0


@pytest.mark.parametrize("kind", HEAVY)
def test_attack_03_a_guideline_is_read_in_a_time_in_proportion(kind: str) -> None:
    begun = time.process_time()
    html = html_of.__wrapped__(HEAVY[kind])

    assert time.process_time() - begun < PATIENCE
    assert len(html) < 20 * MOST


@pytest.mark.django_db
def test_attack_03_the_page_that_mends_a_guideline_always_opens() -> None:
    project = make.project()
    expert = make.member(project, "expert")
    guidelines.revise(project, expert.user, HEAVY["lists in lists"])
    client = browser(expert.user)
    pages = ("", "guideline/", "label/")

    answers = [client.get(f"/projects/{project.slug}/{page}") for page in pages]
    mended = client.post(f"/projects/{project.slug}/guideline/", {"text": "short"})

    assert [answer.status_code for answer in answers] == [200] * 3
    assert mended.status_code == 302


def test_typed_html_and_what_is_nested_too_deeply_are_shown_as_typed() -> None:
    assert html_of("**b** <i>x</i>").strip() == (
        "<p><strong>b</strong> &lt;i&gt;x&lt;/i&gt;</p>"
    )
    assert html_of(">" * 101 + " a") == f"<pre>{'&gt;' * 101} a</pre>"
    assert "javascript" not in html_of("[a](javascript:alert)")


def test_attack_03_two_long_versions_are_compared_in_a_bounded_time() -> None:
    before, after = "a=\n=\n" * 9_000, "b=\n=\n" * 9_000
    begun = time.process_time()

    assert len(changed_lines(before, after)) == 35_998
    assert time.process_time() - begun < PATIENCE


def test_changed_lines_stand_in_their_order() -> None:
    changed = changed_lines("one\ntwo\nthree\nfour", "one\n2\nthree\nfour\nfive")

    assert changed == [("-", "two"), ("+", "2"), ("+", "five")]
