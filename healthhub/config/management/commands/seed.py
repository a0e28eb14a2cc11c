"""Puts the demo's people in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from healthhub.config import monday
from healthhub.config.seed import seed
from healthhub.lib.refused import Refused


class Command(BaseCommand):
    help = "Put invented people and three weeks of simulated readings into an empty demo database."

    def handle(self, **options: Any) -> None:
        try:
            now = timezone.now()
            with transaction.atomic():
                made = seed(now=now)
                if made:
                    monday.before(now=now)
                    monday.morning(now=now)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        if options["verbosity"] > 1:
            self.stdout.write("seeded" if made else "the demo people are there already")
