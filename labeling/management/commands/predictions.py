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
from labeling.services.transfer.outside.rows import ROLES, SourcePrediction
from labeling.services.transfer.predicting import look as looking
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
            "--dry-run", action="store_true", help="print the first rows, write nothing"
        )
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
            if options["dry_run"]:
                self._print_look(looking.look_once(upload, chosen))
                return
            with importing.forgotten_if_refused(upload):
                asked = run.start(upload, None, chosen)
            jobs.finish(asked.job_id)
        except (OSError, AssayError) as error:
            raise CommandError(str(error)) from error
        self._print_counts(asked)

    def _print_look(self, look: looking.PredictionsLook) -> None:
        for note in look.notes:
            self.stdout.write(str(note))
        for column, role in look.roles.items():
            self.stdout.write(f"{column}: {role}")
        for name, rows in look.labels.rows.items():
            meant = look.labels.meant[name] or "?"
            self.stdout.write(f"label {name} ({rows} rows): {meant}")
        for row in look.rows:
            known = "" if row.is_known else " (no item of this project)"
            named = ", ".join(_in_words(each) for each in row.predicted)
            self.stdout.write(f"row {row.number}: {row.external_id}{known}: {named}")
        for problem in look.problems:
            self.stderr.write(f"row {problem['row']}: {problem['reason']}")
        self.stdout.write(
            f"{look.looked_through} rows: {look.kept} would be kept, "
            f"{look.unknown} name no item of the project, {look.refused} would be rejected"
        )

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


def _in_words(predicted: SourcePrediction) -> str:
    labels = " + ".join(predicted.labels) or "no label"
    by = "" if predicted.source == looking.NOBODY else f"{predicted.source}: "
    return by + labels
