"""Train a model anew: `manage.py train_risk mortality-home --data FILE...`; the artefact, its figures and its card come out."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from healthhub.lib.refused import Refused
from risk.learned import card
from risk.learned.artefact import HERE
from risk.learned.registry import BY_KEY, model


class Command(BaseCommand):
    help = "Trains a model on files, judges it by cross-validation, and writes the artefact with its card."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", choices=sorted(BY_KEY))
        parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE")
        parser.add_argument("--to", type=Path, help="folder for the artefact; the committed one without it")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"[{time.monotonic() - began:5.0f} s] {text}")
            self.stdout.flush()

        try:
            chosen = model(options["model"])
            artefact, report = chosen.train(options["data"], say)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        folder = options["to"] or HERE / chosen.key
        artefact.save(folder)
        card.write(folder, chosen.about, chosen.features, artefact.meta, report)
        told = chosen.as_dict() | {"figures": json.loads(report.as_json())}
        (folder / "about.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        self.stdout.write(report.as_text())
        say(f"written to {folder}")
