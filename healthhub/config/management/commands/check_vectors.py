"""`manage.py check_vectors PATH...`: published cases through the product's own code."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from healthhub.config.vectors.run import check


class Command(BaseCommand):
    help = "Runs every case of the given files (or directories) of test vectors through the product's own code."
    requires_system_checks: list[str] = []  # noqa: RUF012  (Django's own declaration)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        if not check(options["paths"], self.stdout.write):
            raise SystemExit(1)
