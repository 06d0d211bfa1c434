"""What docs/data.md says is done here, line by line."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from django.core.management import call_command

from labeling.services.transfer import foreign
from labeling.services.transfer.foreign import registry
from labeling.services.votes import settle
from tests import make
from tests.running.machine import ROOT

PAGE: Final = ROOT / "docs" / "data.md"
# Of formats that go out under a name of their own, what they come in as.
COMES_AS: Final = {"doccano_csv": "doccano", "huggingface_folder": "huggingface"}


def rows_of_formats() -> list[str]:
    """Return the table of formats as the registry declares it."""
    rows = []
    for key, form in foreign.OUTGOING.items():
        name = COMES_AS.get(key, key)
        incoming = foreign.INCOMING.get(name)
        lost = incoming.lost if incoming else registry.WHOLE[name].LOST
        kinds = ", ".join(form.data_types)
        rows.append(f"| `{key}`: {form.title} | {kinds} | {form.lost} | {lost} |")
    return rows


def test_the_page_lists_each_format_as_it_is_declared() -> None:
    text = PAGE.read_text()
    between = text.partition("<!-- formats -->\n")[2].partition("<!-- end -->")[0]

    assert between.splitlines()[2:] == rows_of_formats()


@pytest.mark.django_db
def test_the_commands_of_the_page_do_what_it_says(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = PAGE.read_text()
    # Or chance would say how many of these few items are held out.
    project = make.project(labels=("good", "bad"), evaluation_share=0)
    files = re.findall(
        r"this is `([\w.]+)`.*?```\w+\n(.*?)```", text, re.DOTALL | re.IGNORECASE
    )
    for name, body in files:
        (tmp_path / name).write_text(body)
    consoles = "".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    steps = re.findall(
        r"^\$ assay ([^\n]+)\n(.*?)(?=^\$|\Z)", consoles, re.DOTALL | re.MULTILINE
    )

    for command, expected in steps:
        name, *words = command.replace("PROJECT", project.slug).split()
        words = [str(tmp_path / w) if (tmp_path / w).is_file() else w for w in words]
        out = StringIO()
        settle.settle_project(project.pk)
        capfdbinary.readouterr()
        call_command(name, *words, stdout=out, stderr=StringIO())
        shown = out.getvalue() + capfdbinary.readouterr().out.decode()
        assert shown == expected

    assert (len(files), len(steps)) == (3, 7)
