"""``assay import PROJECT FILE``: bring a file in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.models import ImportRun, Job, Project
from labeling.services.transfer import importing
from labeling.services.work import jobs


class Command(BaseCommand):
    """Import a file here and now."""

    help = "Import a CSV, JSONL or Parquet file, or a ZIP of images."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project, file and whether its labels are gold."""
        parser.add_argument("project")
        parser.add_argument("file", type=Path)
        parser.add_argument("--gold", action="store_true", help="its labels are right")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the import and print its counts and bad rows.

        Raises CommandError for an unknown project, for a file that cannot be read, and
        where the import fails.
        """
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                pieces = iter(lambda: file.read(2**16), b"")
                upload = importing.stage(project, None, path.name, pieces)
            run = importing.start(upload, None, {}, {"gold": options["gold"]})
            jobs.finish(run.job_id)
        except (OSError, AssayError) as error:
            raise CommandError(str(error)) from error
        done = ImportRun.objects.select_related("job").get(pk=run.pk)
        for refused in done.refusals:
            self.stderr.write(f"row {refused.row}: {refused.reason}")
        self.stdout.write(
            f"{done.received} rows: {done.created} new, {done.duplicates} known, "
            f"{done.rejected} rejected"
        )
        if done.job.state != Job.State.DONE:
            raise CommandError(str(done.job.error or done.job.state))
