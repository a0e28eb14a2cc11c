"""Plays a recording as if its person measured now: in time order, through the public HTTP API, with a device's token."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from healthhub.config.recordings import Recorded, Recording

# A batch spans less than any reading stays current (a CGM's speaks of now for 20 minutes), so that none is judged as late.
SPAN = timedelta(minutes=18)
MOST = 1000
LONGEST_REST = 15.0  # seconds between two tries while the service is away


class Refused(Exception):
    """The service will not take this replay, however often it is asked; the text says what it said."""


@dataclass
class Played:
    """What became of a recording so far."""

    sent: int = 0
    tried_again: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    alerts: set[str] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)


class Player:
    """One recording on its way to one patient.

    The recording's clock starts at its first reading and runs `speed` times as fast as ours until it has caught up with ours: by
    then the last reading is due. At speed 1 the recording starts now and runs live; at speed 0 nothing is waited for.
    """

    def __init__(self, recording: Recording, *, token: str, client: httpx.Client, speed: float, now: datetime) -> None:
        self.recording, self.client, self.speed = recording, client, speed
        self.headers = {"Authorization": f"Bearer {token}"}
        self.zone = ZoneInfo(recording.time_zone)
        self.position = 0
        self.done = Played()
        self.start(now)

    def start(self, now: datetime) -> None:
        """This function will shift the recording so that it ends when its clock meets ours, and begin with its first reading."""
        remaining = self.recording.length / self.speed if self.speed else timedelta()
        self._shift_to(self.recording.readings[-1], now + remaining)
        self.position = 0
        self._set_clock(self.at(0), now)

    def go_on(self, *, after: int, at: datetime, now: datetime) -> bool:
        """This function will go on behind reading number `after`, which an earlier run played at `at`; False when that was the last."""
        self._shift_to(self.recording.readings[after], at)
        self.position = after + 1
        self._set_clock(at, now)
        return not self.ended

    def start_live(self, now: datetime) -> None:
        """This function will begin again from the first reading, as of now: the past is full."""
        self._shift_to(self.recording.readings[0], now)
        self.position = 0
        self._set_clock(now, now)

    def _shift_to(self, recorded: Recorded, at: datetime) -> None:
        self.shift = at - recorded.at.replace(tzinfo=UTC)

    def _set_clock(self, moment: datetime, now: datetime) -> None:
        self.began, self.began_wall = moment, now

    @property
    def ended(self) -> bool:
        return self.position >= len(self.recording.readings)

    def at(self, position: int) -> datetime:
        """This function will give the moment at which a reading is played."""
        return self.recording.readings[position].at.replace(tzinfo=UTC) + self.shift

    def clock(self, now: datetime) -> datetime:
        """This function will give the recording's time: never ahead of ours, or the service would take it for a wrong clock."""
        return min(self.began + (now - self.began_wall) * self.speed, now) if self.speed else now

    def due(self, now: datetime) -> list[int]:
        """This function will give the positions of the next batch that fell due: of one short span, so that all are current in it."""
        until = self.clock(now)
        if self.ended or self.at(self.position) > until:
            return []
        until = min(until, self.at(self.position) + SPAN)
        last = self.position
        while last < len(self.recording.readings) and last - self.position < MOST and self.at(last) <= until:
            last += 1
        return list(range(self.position, last))

    def seconds_to_next(self, now: datetime) -> float:
        """This function will give how long nothing falls due, by our clock."""
        if self.ended:
            return 3600.0
        ahead = (self.at(self.position) - self.clock(now)).total_seconds()
        return max(0.0, ahead / self.speed if self.speed else ahead)

    def wire(self, position: int) -> dict[str, Any]:
        """This function will give a reading as it goes over the wire; its number in the recording is its key."""
        moment = self.at(position).astimezone(self.zone)
        return self.recording.readings[position].wire | {"at": moment.isoformat(timespec="milliseconds"), "key": str(position)}

    def send(self, positions: list[int]) -> None:
        """This function will send a batch until it is acknowledged, and go on behind it. Sending again is safe.

        Raises Refused for what trying again cannot mend.
        """
        moment = self.at(positions[-1])
        headers = self.headers | ({"X-Replay-Now": moment.isoformat()} if self.speed != 1 else {})
        body = {"observations": [self.wire(position) for position in positions]}
        rest = 0.5
        while True:
            answer = self._post(body, headers)
            if answer is not None and answer.status_code in (200, 201, 422):
                break
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                raise Refused(f"{answer.status_code} {answer.text[:300]}")
            self.done.tried_again += 1
            time.sleep(_asked_rest(answer) or rest)
            rest = min(2 * rest, LONGEST_REST)
        self._note(answer.json(), len(positions))
        self.position = positions[-1] + 1

    def _post(self, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response | None:
        try:
            return self.client.post("/api/v1/observations", json=body, headers=headers)
        except httpx.TransportError:
            return None  # nobody there, or the line broke: it may have arrived, or not

    def _note(self, receipt: dict[str, Any], sent: int) -> None:
        self.done.sent += sent
        self.done.fates.update(receipt["counts"])
        self.done.alerts.update(receipt["alerts"])
        self.done.refusals.update(f"{fate['code']} ({fate.get('field')})" for fate in receipt["fates"] if "code" in fate)


def _asked_rest(answer: httpx.Response | None) -> float:
    """What the service asked for in Retry-After, in seconds; 0 when it did not."""
    stated = answer.headers.get("Retry-After", "") if answer is not None else ""
    return min(float(stated), LONGEST_REST) if stated.isdigit() else 0.0
