"""`manage.py replay FILE|FOLDER`: real recordings as if measured now, over the public HTTP API."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from healthhub.config import recorded_people
from healthhub.config.player import Player, Refused
from healthhub.config.recordings import NoRecording, Recording, read, together
from healthhub.lib.refused import Refused as RefusedByADoor

TELL_EVERY = 5.0  # seconds between two lines of progress
TELL_SINGLY = 3  # more recordings than this share one line
LONGEST_NAP = 1.0


class Command(BaseCommand):
    help = "Replays recordings (CGM, home blood pressure, wearables) as if measured now, through the HTTP API with a device token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a recording, or a folder of recordings")
        parser.add_argument("--speed", type=float, default=60.0, help="times as fast as life (1: live; 0: as fast as it goes)")
        parser.add_argument("--url", default="http://127.0.0.1:8000")
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--token", help="a device token; its patient gets the recording")
        whose.add_argument("--patient", help="demo: the patient (id or name) who gets the recording; else one is made for each subject")
        parser.add_argument("--subject", action="append", help="only this subject of the file (may be given several times)")
        parser.add_argument("--subjects", type=int, default=2, help="how many subjects of each study, where none is named")
        parser.add_argument("--limit", type=int, default=0, help="at most so many readings of each subject")
        parser.add_argument("--again", action="store_true", help="after the end, begin again, live, for ever (the demo does)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["speed"] < 0 or 0 < options["speed"] < 1:
            raise CommandError("--speed is 1 or more, or 0 for as fast as it goes: a slower replay would never catch up.")
        recordings = self._chosen(options)
        if (options["token"] or options["patient"]) and len(recordings) > 1:
            names = ", ".join(recording.subject or recording.study for recording in recordings[:8])
            raise CommandError(f"One patient gets one recording: choose with --subject (here are {names}).")
        with httpx.Client(base_url=options["url"], timeout=60) as client:
            try:
                players = [self._player(recording, client, options) for recording in recordings]
                self._play(players, forever=options["again"])
            except RefusedByADoor as refused:
                raise CommandError(refused.sentence) from refused
            except Refused as refused:
                raise CommandError(f"The service refused the replay: {refused}") from refused
            except KeyboardInterrupt:
                self.stdout.write("stopped")

    def _chosen(self, options: dict[str, Any]) -> list[Recording]:
        """The recordings of the path, with a sentence about every file that is none."""
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"There is nothing at {path}.")
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")) if path.is_dir() else [path]
        found: list[Recording] = []
        for file in files:
            try:
                found += read(file)
            except NoRecording as reason:
                self.stdout.write(f"skipped {file.relative_to(path) if path.is_dir() else file.name}: {reason}")
        chosen: list[Recording] = []
        studies: Counter[str] = Counter()
        for recording in together(found):
            wanted = recording.subject in options["subject"] if options["subject"] else studies[recording.study] < options["subjects"]
            if wanted:
                studies[recording.study] += 1
                recording.readings = recording.readings[: options["limit"] or None]
                chosen.append(recording)
        if not chosen:
            raise CommandError("There is no recording here that can be replayed.")
        return chosen

    def _player(self, recording: Recording, client: httpx.Client, options: dict[str, Any]) -> Player:
        now = timezone.now()
        if options["token"]:
            return Player(recording, token=options["token"], client=client, speed=options["speed"], now=now)
        whose = recorded_people.named(options["patient"]) if options["patient"] else recorded_people.of(recording, now=now)
        player = Player(recording, token=recorded_people.token_for(whose, now=now), client=client, speed=options["speed"], now=now)
        last = recorded_people.last_played(whose, recording, now=now)
        if last is not None:
            position, at = last
            going_on = player.go_on(after=position, at=at, now=now)
            if not going_on and options["again"]:
                player.start_live(now)
            self.stdout.write(
                f"{recording.name}: {'goes on behind' if going_on else 'was played to'} reading {position + 1} of {len(recording.readings)}"
            )
        return player

    def _play(self, players: list[Player], *, forever: bool) -> None:
        for player in players:
            left_out = f", {player.recording.left_out} rows that cannot be read left out" if player.recording.left_out else ""
            self.stdout.write(f"{player.recording.name}: {len(player.recording.readings)} readings over {_spelt(player)}{left_out}")
        told = time.monotonic()
        while not all(player.ended for player in players):
            sent = [self._step(player, forever=forever) for player in players]
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                self._tell_all(players)
            if not any(sent):
                time.sleep(min(LONGEST_NAP, *(player.seconds_to_next(timezone.now()) for player in players)))

    def _step(self, player: Player, *, forever: bool) -> bool:
        """Send what fell due of one recording, if anything did."""
        positions = player.due(timezone.now())
        if positions:
            player.send(positions)
            if player.ended:
                self._tell(player)
                if forever:
                    player.start_live(timezone.now())
        return bool(positions)

    def _tell_all(self, players: list[Player]) -> None:
        if len(players) <= TELL_SINGLY:
            for player in players:
                self._tell(player)
            return
        fates = sum((player.done.fates for player in players), Counter[str]())
        words = ", ".join(f"{fate} {count}" for fate, count in sorted(fates.items())) or "nothing yet"
        readings = sum(len(player.recording.readings) for player in players)
        alerts = sum(len(player.done.alerts) for player in players)
        self.stdout.write(
            f"{len(players)} recordings: {sum(player.position for player in players)} of {readings} readings: {words}; alerts {alerts}"
        )

    def _tell(self, player: Player) -> None:
        done = player.done
        words = [f"{fate} {count}" for fate, count in sorted(done.fates.items())] or ["nothing yet"]
        words += [f"{count} refused as {why}" for why, count in done.refusals.most_common(3)]
        words += [f"tried again {done.tried_again}"] if done.tried_again else []
        where = "the end" if player.ended else f"{player.clock(timezone.now()):%Y-%m-%d %H:%M}"
        self.stdout.write(
            f"{player.recording.name}: at {where}, {player.position} of {len(player.recording.readings)}: "
            f"{', '.join(words)}; alerts {len(done.alerts)}"
        )


def _spelt(player: Player) -> str:
    length = player.recording.length
    recorded = f"{length.days} days" if length.days > 1 else f"{length.total_seconds() / 3600:.1f} hours"
    if not player.speed:
        return f"{recorded}, as fast as it goes"
    hours = length.total_seconds() / 3600 / player.speed
    return f"{recorded}, in {hours:.1f} hours"
