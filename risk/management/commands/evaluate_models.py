"""`make evaluate DATA=<folder>`: every committed model on the public data, its comparators, and whether it reaches its goals."""

import time
from argparse import ArgumentParser
from math import nan
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from risk.learned.artefact import committed
from risk.learned.goals import CROSS_VALIDATED, FILES, GOALS, ON_FILES
from risk.learned.registry import BY_KEY
from risk.learned.report import Report, grid
from risk.learned.shape import digest


class Command(BaseCommand):
    help = "Judges every committed model on the files of a data folder and prints the table of goals. Nothing is trained."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--models", nargs="+", choices=sorted(BY_KEY), default=sorted(BY_KEY))

    def handle(self, *args: Any, **options: Any) -> None:
        began, missed = time.monotonic(), 0
        rows = [["model and figure", "goal", "value", "from", "met"]]
        for key in options["models"]:
            files = [options["folder"] / name for name in FILES[key]]
            absent = [file.name for file in files if not file.is_file()]
            if absent:
                raise CommandError(f"The folder {options['folder']} lacks {', '.join(absent)}.")
            report = BY_KEY[key].evaluate(files, committed(key))
            self.stdout.write(f"\n== {key} ({time.monotonic() - began:.0f} s)\n{report.as_text()}\n")
            lines = judged(key, files, report)
            rows += lines
            missed += sum(line[-1] == "NO" for line in lines)
        self.stdout.write("\n== goals\n" + grid(rows))
        self.stdout.write(f"{len(rows) - 1} goals, {missed} missed, {time.monotonic() - began:.0f} s")


def judged(key: str, files: list[Path], report: Report) -> list[list[str]]:
    """This function will give a row per goal of the model: its figures of cross-validation where these are the files of training."""
    meta = committed(key).meta
    seen = {one["sha256"] for one in meta["data"]}
    trained_on_these = any(digest(file) in seen for file in files)
    rows = []
    for goal in (goal for goal in GOALS if goal.model == key):
        value = (meta["figures"] if trained_on_these else report.figures).get(goal.figure, nan)
        met = "yes" if goal.met(value) else "NO"
        rows.append([f"{key} {goal.figure}", goal.limits, f"{value:.4f}", CROSS_VALIDATED if trained_on_these else ON_FILES, met])
    return rows
