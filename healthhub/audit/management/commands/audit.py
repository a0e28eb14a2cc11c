"""`manage.py audit verify|seal|anchor`: the log's keeper."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone  # a command is an edge: it reads the clock

from healthhub.audit import log

SHOWN = 50


class Command(BaseCommand):
    help = "Verify the audit log (exit status 1 when it was tampered with), seal what waits, or write an anchor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify", "seal", "anchor"])
        parser.add_argument("--anchors", type=Path, help="the anchor file; AUDIT_ANCHOR_FILE when not given")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["anchors"] or settings.AUDIT_ANCHOR_FILE
        path = Path(given) if given else None
        if options["what"] == "seal":
            self._seal()
        elif options["what"] == "anchor":
            self._anchor(path)
        else:
            self._verify(path)

    def _seal(self) -> None:
        total = 0
        while sealed := log.seal(now=timezone.now()):  # noqa: TID251
            total += sealed
        self.stdout.write(f"{total} entries sealed.")

    def _anchor(self, path: Path | None) -> None:
        if path is None:
            raise CommandError("Name the anchor file: --anchors PATH, or set AUDIT_ANCHOR_FILE.")
        written = log.anchor(path=path, now=timezone.now(), everything=not path.exists())  # noqa: TID251
        self.stdout.write(f"{written} heads written to {path}.")

    def _verify(self, path: Path | None) -> None:
        if path is not None and not path.exists():
            raise CommandError(f"There is no anchor file at {path}.")
        report = log.verify(anchors=path)
        for trouble in report.troubles[:SHOWN]:
            self.stderr.write(str(trouble))
        without = "" if path else " Without an anchor file a cut tail cannot be proved."
        self.stdout.write(f"{report.rows} sealed entries in {report.chains} chains, {report.unsealed} waiting for their seal.{without}")
        if report.troubles:
            raise CommandError(f"The log was tampered with: {len(report.troubles)} troubles.")
        self.stdout.write("The log is whole.")
