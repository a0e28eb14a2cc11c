"""`manage.py sweep`: the process that finds what is due. Any number may run at once."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection
from django.utils import timezone

from healthhub.audit import log
from healthhub.care import erasure
from monitoring import sweep
from notifications import liveness

ANCHOR_EVERY_ROUNDS = 60
ALSO = {"erasures": erasure.handle_due}


class Command(BaseCommand):
    help = "Finds what is due (escalations, silence, notices, seals, summaries, partitions) every few seconds, for ever."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do one round, print what it did, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            done = sweep.one_round(now=timezone.now(), also=ALSO)
            self.stdout.write(" ".join(f"{name}={count}" for name, count in done.items()))
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        rounds = 0
        while not stop.is_set():
            self._round(rounds)
            rounds += 1
            stop.wait(settings.SWEEP_EVERY.total_seconds())

    def _round(self, rounds: int) -> None:
        now = timezone.now()
        try:
            done = sweep.one_round(now=now, also=ALSO)
            if all(result is not None for result in done.values()):
                liveness.ask(now=now)
                liveness.ping_dead_man()
            if settings.AUDIT_ANCHOR_FILE and rounds % ANCHOR_EVERY_ROUNDS == 0:
                log.anchor(path=Path(settings.AUDIT_ANCHOR_FILE), now=now)
        except OperationalError as error:
            # PostgreSQL is away: say so and try again; the connection must not be kept.
            self.stderr.write(f"sweep: the database is away ({error})")
            connection.close()
