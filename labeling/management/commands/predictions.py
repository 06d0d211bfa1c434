"""``assay predictions PROJECT [FILE]``: bring predictions of an outside model in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.management import arguments
from labeling.models import ImportRun, Job, Project
from labeling.services.transfer import importing
from labeling.services.transfer.outside import sources
from labeling.services.transfer.outside.rows import ROLES
from labeling.services.transfer.predicting import run
from labeling.services.work import jobs


class Command(BaseCommand):
    """Keep the predictions of a file here and now, or list whose there are."""

    help = "Bring predictions of an outside model in; without a file, list the sources."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project, file, who predicts and how the file is read."""
        parser.add_argument("project")
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument(
            "--source", default="", help="who predicts where a row does not say"
        )
        arguments.add_columns(parser, f"{', '.join(ROLES)} or ignore")
        arguments.add_reading(parser)
        parser.add_argument(
            "--delete", metavar="SOURCE", help="delete a source and its predictions"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Keep the predictions and print their counts, or list or delete sources.

        Raises CommandError for an unknown project or source, for a file that cannot be
        read, and where its job fails.
        """
        project = arguments.project_named(options["project"])
        if options["delete"]:
            self._delete(project, options["delete"])
        elif options["file"] is None:
            self._list(project)
        else:
            self._bring(project, options["file"], options)

    def _bring(self, project: Project, path: Path, options: dict[str, Any]) -> None:
        chosen = {
            "source": options["source"],
            "mapping": arguments.pairs_of(options["map"]),
            "label_map": arguments.pairs_of(options["label"]),
        }
        try:
            upload = arguments.staged(project, path, options)
            with importing.forgotten_if_refused(upload):
                asked = run.start(upload, None, chosen)
            jobs.finish(asked.job_id)
        except (OSError, AssayError) as error:
            raise CommandError(str(error)) from error
        self._print_counts(asked)

    def _print_counts(self, asked: ImportRun) -> None:
        done = ImportRun.objects.select_related("job").get(pk=asked.pk)
        for note in done.notes:
            self.stderr.write(str(note))
        for refused in done.refusals:
            self.stderr.write(f"row {refused.row}: {refused.reason}")
        self.stdout.write(
            f"{done.received} rows: {done.created} new, {done.filled} replaced, "
            f"{done.duplicates} the same, {done.rejected} rejected"
        )
        if done.job.state != Job.State.DONE:
            raise CommandError(str(done.job.error or done.job.state))

    def _list(self, project: Project) -> None:
        for counts in sources.sources_of(project):
            held_out = counts.held_out
            self.stdout.write(
                f"{counts.source.name}: {counts.items} items, as people say on "
                f"{held_out.same} of {held_out.items} held-out ones"
            )

    def _delete(self, project: Project, name: str) -> None:
        named = {each.source.name: each.source for each in sources.sources_of(project)}
        if name not in named:
            raise CommandError(f"There is no source {name!r}.")
        count = sources.delete_source(project, named[name].pk)
        self.stdout.write(f"{count} predictions deleted")
