"""`manage.py import FILE --patient ID`: a file of another product, of any size; the device token is in HEALTHHUB_TOKEN."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from healthhub.lib.refused import Refused
from healthhub.people import access
from monitoring import imports
from monitoring.imports import Imported


class Command(BaseCommand):
    help = (
        "Imports a file of another product (docs/dialects.md) for one patient. HEALTHHUB_TOKEN holds a device token of hers that may "
        "write: on the command line everybody on the machine could read it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--patient", required=True, help="the patient's id")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            by = access.viewer_of_token(os.environ.get("HEALTHHUB_TOKEN", ""), now)
            with options["file"].open("rb") as stream:
                done = imports.take_in(patient_id=options["patient"], stream=stream, by=by, now=now, told=self._progress)
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from error
        except Refused as refused:
            where = f" ({refused.field})" if refused.field else ""
            raise CommandError(f"{refused.sentence} [{refused.code}]{where}") from refused
        for one in done.refused:
            self.stderr.write(f"record {one['where']}: {one['code']} {one.get('field', '')}".rstrip())
        self._progress(done)

    def _progress(self, done: Imported) -> None:
        counted = ", ".join(f"{count} {fate}" for fate, count in sorted(done.counts.items()))
        self.stdout.write(f"{done.records} records: {counted}")
