"""Read outcomes from a file: `manage.py import_outcomes FILE`. CSV with the columns patient, kind, at (with its zone), note."""

import csv
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from healthhub.lib.refused import Refused
from risk import outcomes


class Command(BaseCommand):
    help = "Records outcomes (admission, emergency_visit, death, confirmed_alert) from a CSV and tells what became of each line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        counts: Counter[str] = Counter()
        try:
            with file.open(encoding="utf-8-sig", newline="") as stream:
                for fate in outcomes.from_file(stream, now=timezone.now()):
                    counts[fate.code] += 1
                    self.stdout.write(f"line {fate.line}: {fate.code} {fate.sentence}".rstrip())
        except (UnicodeDecodeError, csv.Error) as error:
            raise CommandError(f"{file.name} is no CSV in UTF-8.") from error
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(", ".join(f"{code}: {count}" for code, count in sorted(counts.items())) or "no lines")
