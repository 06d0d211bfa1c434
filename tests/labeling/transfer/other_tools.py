"""``python other_tools.py TOOL FILE``: read a file with a tool's own reader, say what it sees.

It runs by the Python of an environment that has the tool, and imports nothing of ours.
Printed is a JSON object: ``rows`` (each with its id or text, and its labels, sorted) and
what else the tool counts.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import zipfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

Facts = dict[str, Any]
_CONFIG = """<View><Text name="text" value="$text"/><Choices name="label" toName="text"
choice="{many}">{choices}</Choices></View>"""


def _config(labels: list[str], *, many: bool) -> str:
    choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in labels)
    return _CONFIG.format(many="multiple" if many else "single", choices=choices)


def label_studio(file: Path) -> Facts:
    """Check tasks by the SDK's validators, and convert them by its converter."""
    interface: Any = import_module("label_studio_sdk.label_interface")
    converter: Any = import_module("label_studio_sdk.converter")
    tasks = json.loads(file.read_text())
    every = [
        each for task in tasks for each in task["annotations"] + task["predictions"]
    ]
    chosen = [part["value"]["choices"] for each in every for part in each["result"]]
    config = _config(
        sorted({label for some in chosen for label in some}),
        many=any(len(some) > 1 for some in chosen),
    )
    checks = interface.LabelInterface(config)
    # One check for both: only that of predictions says what is wrong.
    errors = [
        why
        for each in every
        for why in checks.validate_prediction(each, return_errors=True)
    ]
    # Its converter wants the numbers that the server gives to what it imports.
    for number, task in enumerate(tasks, start=1):
        task["id"] = number
        for place, each in enumerate(task["annotations"], start=1):
            each["id"] = 100 * number + place
            by = each.get("completed_by") or {"email": "nobody"}
            each["completed_by"] = {"id": place, **by}
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "tasks.json"), Path(folder, "out")
        source.write_text(json.dumps(tasks))
        way = converter.Converter(config, folder, download_resources=False)
        way.convert_to_json_min(str(source), str(out), is_dir=False)
        [made] = out.glob("*.json")
        least = json.loads(made.read_text())
    return {
        "rows": [
            {"text": row["text"], "labels": _labels(row.get("label"))} for row in least
        ],
        "tasks": len(tasks),
        "errors": errors,
        "predictions": sum(len(task["predictions"]) for task in tasks),
    }


def _labels(value: Any) -> list[str]:
    listed = value.get("choices") if isinstance(value, dict) else value
    listed = [listed] if isinstance(listed, str) else listed
    return sorted(listed or [])


def doccano(file: Path) -> Facts:
    """Read texts and labels by the parsers of doccano's import."""
    spec = find_spec("backend")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("doccano is not here")
    sys.path.insert(0, str(next(iter(spec.submodule_search_locations))))
    parsers: Any = import_module("data_import.pipeline.parsers")
    parser = parsers.JSONLParser() if file.suffix == ".jsonl" else parsers.CSVParser()
    rows = [*parser.parse(str(file))]
    if parser.errors:
        raise RuntimeError(str(parser.errors))
    return {
        "rows": [
            {"text": row["text"], "labels": _split(row.get("label"))} for row in rows
        ]
    }


def _split(value: Any) -> list[str]:
    # As its label of a category takes it: each entry of a list, or the whole of a cell.
    return sorted(value) if isinstance(value, list) else [value] if value else []


def argilla(file: Path) -> Facts:
    """Read records by the reader of Argilla's client."""
    reading: Any = import_module("argilla.records._io")
    records = reading.JsonIO._records_from_json(file)
    return {
        "rows": [
            {
                "id": record.id,
                "labels": sorted(
                    {
                        label
                        for response in record.responses
                        for label in _labels(response.value)
                    }
                ),
            }
            for record in records
        ],
        "responses": sum(len([*record.responses]) for record in records),
        "suggestions": sum(len([*record.suggestions]) for record in records),
    }


def huggingface(file: Path) -> Facts:
    """Load a data set by ``datasets``, from Parquet or from a folder of pictures."""
    datasets: Any = import_module("datasets")
    with tempfile.TemporaryDirectory() as folder:
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                archive.extractall(Path(folder, "data"))
            given = {"path": "imagefolder", "data_dir": str(Path(folder, "data"))}
        else:
            given = {"path": "parquet", "data_files": str(file)}
        cache = str(Path(folder, "cache"))
        loaded = datasets.load_dataset(**given, split="train", cache_dir=cache)
        feature = loaded.features["label"]
        names = getattr(getattr(feature, "feature", feature), "names", None)
        rows = [
            {"id": row["external_id"], "labels": _names(row["label"], names)}
            for row in loaded
        ]
        sizes = sorted(row["image"].size for row in loaded if "image" in row)
    return {"rows": rows, "sizes": sizes}


def _names(value: Any, names: list[str] | None) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    some = [each for each in listed if each is not None]
    return sorted(names[each] if names else each for each in some)


def coco(file: Path) -> Facts:
    """Read categories of images by ``pycocotools``."""
    reader: Any = import_module("pycocotools.coco")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        with contextlib.redirect_stdout(sys.stderr):
            read = reader.COCO(str(Path(folder, "labels.json")))
        names = {each["id"]: each["name"] for each in read.loadCats(read.getCatIds())}
        rows = []
        for image in read.loadImgs(read.getImgIds()):
            some = read.loadAnns(read.getAnnIds(imgIds=[image["id"]]))
            labels = sorted(names[each["category_id"]] for each in some)
            is_there = Path(folder, "images", image["file_name"]).is_file()
            rows.append(
                {"id": image["file_name"], "labels": labels, "is_there": is_there}
            )
    return {"rows": rows, "categories": sorted(names.values())}


def cvat(file: Path) -> Facts:
    """Read tags of images by Datumaro, which reads CVAT's XML for CVAT itself."""
    datumaro: Any = import_module("datumaro")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        read = datumaro.Dataset.import_from(folder, "cvat")
        names = [each.name for each in read.categories()[datumaro.AnnotationType.label]]
        rows = [
            {
                "id": item.id,
                "labels": sorted(names[each.label] for each in item.annotations),
                "is_there": item.media is not None and item.media.data is not None,
            }
            for item in read
        ]
    return {"rows": rows, "categories": sorted(names)}


TOOLS = {
    each.__name__: each
    for each in (label_studio, doccano, argilla, huggingface, coco, cvat)
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(TOOLS[sys.argv[1]](Path(sys.argv[2]))))
