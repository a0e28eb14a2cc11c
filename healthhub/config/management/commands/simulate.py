"""Streams simulated readings into a running demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthhub.config.simulate import run


class Command(BaseCommand):
    help = "Let the demo's simulated devices send readings over HTTP until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="where the service answers")

    def handle(self, **options: Any) -> None:
        if settings.MODE == "production":
            raise CommandError("Simulated readings belong in a demo only: HEALTHHUB_MODE is production.")
        run(url=options["url"])
