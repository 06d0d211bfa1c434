"""``assay source PROJECT [NAME]``: list a source here and now, or tell which there are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.management.arguments import project_named
from labeling.models import ImportRun, Job, Source
from labeling.services.transfer.sources import setting_up
from labeling.services.work import jobs


class Command(BaseCommand):
    """List a source of a project."""

    help = "List a source and take what is new, or name the sources of a project."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the project and the name of a source."""
        parser.add_argument("project")
        parser.add_argument("name", nargs="?", help="of a source, as on its page")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the list and print its counts and what was not taken.

        Raises CommandError for an unknown project or source, and where the list fails.
        """
        project = project_named(options["project"])
        sources = Source.objects.filter(project=project)
        if options["name"] is None:
            for source in sources:
                self.stdout.write(f"{source.name}: {source.where}")
            return
        source_ = sources.filter(name=options["name"]).first()
        if source_ is None:
            raise CommandError(f"There is no source {options['name']!r}.")
        try:
            job = jobs.finish(setting_up.request_list(source_, None).pk)
        except AssayError as error:
            raise CommandError(str(error)) from error
        self._print(job)

    def _print(self, job: Job) -> None:
        run = ImportRun.objects.select_related("job").get(job=job)
        for note in run.notes:
            self.stderr.write(str(note))
        for refusal in run.refusals:
            self.stderr.write(str(refusal.reason))
        counts = dict(job.result)
        objects = counts.pop("objects", 0)
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"{objects} objects: {listed}")
        if job.state != Job.State.DONE:
            raise CommandError(str(job.error or job.state))
