"""Train a model anew: `manage.py train_risk mortality-home --data FILE...`; the artefact, its figures and its card come out."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from healthhub.lib.refused import Invalid, Refused
from risk import inside
from risk.cards import HERE
from risk.learned import card
from risk.learned.boosting import Say
from risk.learned.registry import BY_KEY, model


class Command(BaseCommand):
    help = "Trains a model on files, judges it by cross-validation, and writes the artefact with its card."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", choices=sorted(BY_KEY))
        parser.add_argument("--data", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--from-database", action="store_true", help="train on outcomes recorded here; a challenger comes out")
        parser.add_argument("--to", type=Path, help="folder for the artefact; the committed one without it")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"[{time.monotonic() - began:5.0f} s] {text}")
            self.stdout.flush()

        try:
            if options["from_database"]:
                self._inside(options["model"], say)
                return
            if not options["data"]:
                raise Invalid("Say --data FILE... or --from-database.", code="nothing_to_train_on", field="data")
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

    def _inside(self, key: str, say: Say) -> None:
        version, report = inside.train(key=key, now=timezone.now(), say=say)
        self.stdout.write(report.as_text())
        say(f"kept as challenger {version.version}: it speaks once a person approves it")
