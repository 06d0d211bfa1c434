"""Large pictures take a bounded memory (attacks-2, 36)."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from labeling.services.transfer.importing import images
from labeling.services.transfer.rows import RowError
from tests.running.machine import ROOT

PIXELS = (5000, 3800)  # 19 million, of 72 MiB where each has four bytes
# Prints by how many MiB the most memory that the process ever had grew.
GROWTH = """
import re, sys
import django
django.setup()
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from labeling.models import Media
from labeling.services.transfer import pictures
from labeling.services.transfer.importing import images

def peak():
    # Not that of getrusage, which begins with what the parent had.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+([0-9]+)", status)[1]) / 1024

def small(_):
    media = Media(sha256="a", path=path.name, mime="", size=1, width=5000, height=3800)
    return pictures.read(media, "256")

path = Path(sys.argv[1])
begun = peak()
{work}
print(peak() - begun)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of many pixels in a file of few bytes."""
    folder = tmp_path_factory.mktemp("home") / "media"
    folder.mkdir()
    path = folder / "large.png"
    shades = Image.linear_gradient("L").resize(PIXELS)
    Image.merge("RGBA", [shades] * 4).save(path)
    return path


def growth(file: Path, work: str) -> float:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", GROWTH.format(work=work), file],
        cwd=ROOT,
        env={
            "ASSAY_HOME": str(file.parent.parent),
            "DATABASE_URL": "postgresql://nobody@nowhere/assay",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only for this process",
            "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_attack_36_an_imported_picture_is_in_memory_once(file: Path) -> None:
    assert growth(file, "images.read(path.read_bytes())") < 150


def test_attack_36_many_who_look_at_large_pictures_wait_for_each_other(
    file: Path,
) -> None:
    small = "with ThreadPoolExecutor(6) as threads: list(threads.map(small, range(6)))"

    assert growth(file, small) < 250


@pytest.mark.parametrize("size", [(20_001, 1), (1, 20_001)])
def test_attack_36_a_picture_is_no_line(size: tuple[int, int]) -> None:
    body = io.BytesIO()
    Image.new("L", size).save(body, "PNG")

    with pytest.raises(RowError) as refused:
        images.read(body.getvalue())

    assert "a side may have 20000" in str(refused.value.message)
