"""``assay import PROJECT FILE``: bring a file in."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.management import arguments
from labeling.models import ImportRun, Job
from labeling.services.projects import label_sets
from labeling.services.transfer import importing
from labeling.services.transfer.rows import ROLES
from labeling.services.work import jobs


class Command(BaseCommand):
    """Import a file here and now."""

    help = "Import a file of CSV, JSON, Excel or Parquet, or a ZIP of images."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project, file, what its columns are and how it is read."""
        parser.add_argument("project")
        parser.add_argument("file", type=Path)
        parser.add_argument("--gold", action="store_true", help="its labels are right")
        arguments.add_columns(
            parser, f"{', '.join(ROLES)}, text, image, data or ignore"
        )
        parser.add_argument(
            "--labels-are",
            default="",
            choices=importing.LABELS_ARE,
            help="gold: they are right; votes or predictions: of --labels-by; data: a column",
        )
        parser.add_argument("--labels-by", default="", help="whose they are")
        for name, choices in (
            ("--unknown-labels", importing.UNKNOWN_LABELS),
            ("--known-answers", importing.KNOWN_ANSWERS),
            ("--same-id", importing.SAME_ID),
        ):
            parser.add_argument(name, default=choices[0], choices=choices)
        arguments.add_reading(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="print the first rows, write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the import and print its counts and bad rows.

        Raises CommandError for an unknown project, for a file that cannot be read, and
        where the import fails.
        """
        project = arguments.project_named(options["project"])
        mapping = arguments.pairs_of(options["map"])
        try:
            upload = arguments.staged(project, options["file"], options)
            if options["dry_run"]:
                self._print_first_rows(*importing.look(upload, mapping))
                return
            chosen = self._choices(options)
            with importing.forgotten_if_refused(upload):
                run = importing.start(
                    upload, None, mapping, asdict(chosen), add_labels=label_sets.extend
                )
            jobs.finish(run.job_id)
        except (OSError, AssayError) as error:
            raise CommandError(str(error)) from error
        self._print_counts(run)

    def _choices(self, options: dict[str, Any]) -> importing.ImportChoices:
        return importing.ImportChoices(
            labels_are=options["labels_are"] or ("gold" if options["gold"] else ""),
            labels_by=options["labels_by"],
            label_map=arguments.pairs_of(options["label"]),
            unknown_labels=options["unknown_labels"],
            known_answers=options["known_answers"],
            same_id=options["same_id"],
        )

    def _print_first_rows(
        self, preview: importing.Preview, labels: importing.LabelCounts
    ) -> None:
        for note in preview.notes:
            self.stdout.write(str(note))
        for column, role in preview.roles.items():
            self.stdout.write(f"{column}: {role}")
        for name, rows in labels.rows.items():
            meant = labels.meant[name] or "?"
            self.stdout.write(f"label {name} ({rows} rows): {meant}")
        for row in preview.rows:
            self.stdout.write(json.dumps(row, ensure_ascii=False))
        for problem in preview.problems:
            self.stderr.write(f"row {problem['row']}: {problem['reason']}")

    def _print_counts(self, run: ImportRun) -> None:
        done = ImportRun.objects.select_related("job").get(pk=run.pk)
        for note in done.notes:
            self.stderr.write(str(note))
        for remark in done.noted_rows:
            self.stderr.write(f"row {remark.row}: {remark.reason}")
        for refused in done.refusals:
            self.stderr.write(f"row {refused.row}: {refused.reason}")
        self.stdout.write(
            f"{done.received} rows: {done.created} new, {done.filled} filled in, "
            f"{done.duplicates} known, "
            f"{done.rejected} rejected"
        )
        if done.job.state != Job.State.DONE:
            raise CommandError(str(done.job.error or done.job.state))
