"""Judge a committed (or another) artefact on files: `manage.py evaluate_risk mortality-home --data FILE...`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from healthhub.lib.refused import Refused
from risk.cards import HERE
from risk.learned.artefact import Artefact
from risk.learned.registry import BY_KEY, model


class Command(BaseCommand):
    help = "Scores files of the training columns with the committed artefact and prints the table of its figures."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", choices=sorted(BY_KEY))
        parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE")
        parser.add_argument("--artefact", type=Path, help="a folder with a trained model; the committed one without it")
        parser.add_argument("--json", action="store_true", help="the last line is one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chosen = model(options["model"])
            artefact = Artefact.read(options["artefact"] or HERE / chosen.key)
            report = chosen.evaluate(options["data"], artefact)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(report.as_text())
        if options["json"]:
            self.stdout.write(report.as_json())
