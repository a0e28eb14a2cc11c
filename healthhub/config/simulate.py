"""Readings that move by themselves: simulated devices of the demo's patients, sending over the public HTTP API.

First a few stories that the rules must notice, then a calm trickle with another story every few minutes. The devices' tokens
are issued at the start and replace those of the run before, so that no secret is ever written down.
"""

import logging
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from django.utils import timezone

from healthhub.config.demo_people import DOCTOR, kinds_of
from healthhub.config.physiology import calm
from healthhub.config.seed import herself, source_of
from healthhub.people import tokens
from healthhub.people.models import DeviceToken, Patient
from healthhub.records.catalogue import BY_KEY

log = logging.getLogger(__name__)
TOKEN_NAME = "simulated devices"
EVERY = 2.0  # seconds between two readings of the trickle
STORY_EVERY = timedelta(minutes=4)
CGM_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Story:
    """Readings that a rule must notice: of one kind, (seconds ago, value, second value) each, told of a person with the condition."""

    condition: str
    kind: str
    readings: tuple[tuple[int, float, float | None], ...]


# Falls stay below what the catalogue calls a leap from her own median: a suspicious reading never raises an alarm by itself.
STORIES = (
    Story("diabetes_t1", "cgm", ((900, 4.1, None), (600, 3.6, None), (300, 3.2, None), (5, 2.7, None))),
    Story("heart_failure", "spo2", ((240, 93, None), (120, 91, None), (5, 91, None))),
    Story("hypertension", "bp", ((100, 190, 115), (5, 188, 114))),
    Story("diabetes_t2", "glucose", ((5, 17.4, None),)),
    Story("copd", "spo2", ((240, 86, None), (120, 86, None), (5, 86, None))),
    Story("asthma", "pef", ((3600, 205, None), (5, 190, None))),
)
PAUSES = (3.0, 12.0, 25.0)  # seconds before each of the first stories


@dataclass
class Person:
    """A simulated patient with the token of her devices; while a story is told, the trickle leaves her alone."""

    patient: Patient
    token: str
    in_story_until: datetime | None = None
    kinds: list[str] = field(default_factory=list)

    def reading(self, kind: str, at: datetime, value: float, value2: float | None) -> dict[str, Any]:
        """This function will give a reading as it goes over the wire, in her own zone and labelled as simulated."""
        body: dict[str, Any] = {
            "kind": kind,
            "at": at.astimezone(ZoneInfo(self.patient.time_zone)).isoformat(timespec="milliseconds"),
            "value": value,
            "unit": BY_KEY[kind].unit,
            "source": source_of(kind),
            "flags": ["simulated"],
        }
        if value2 is not None:
            body["value2"] = value2
        if kind == "steps":
            body["seconds"] = 60
        return body


def people(*, now: datetime) -> list[Person]:
    """This function will give the simulated patients with fresh device tokens; the tokens of the last run are revoked."""
    old = DeviceToken.objects.filter(name=TOKEN_NAME, patient__is_simulated=True, revoked_at=None).select_related("patient__user")
    for token in old:
        tokens.revoke(token=token, by=herself(token.patient), now=now)
    found = []
    for patient in Patient.objects.filter(is_simulated=True).select_related("user", "team__lead").order_by("id"):
        kinds = kinds_of(patient.conditions)
        _, secret = tokens.issue(
            patient=patient, name=TOKEN_NAME, kinds=kinds, may_write=True, may_read=False, by=herself(patient), now=now
        )
        found.append(Person(patient, secret, kinds=kinds))
    return found


class Stream:
    """The simulated devices of all patients."""

    def __init__(self, *, url: str, everyone: list[Person], chance: random.Random) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)
        self.everyone = everyone
        self.chance = chance
        self.cgm_due: dict[str, datetime] = {}

    def send(self, person: Person, readings: list[dict[str, Any]]) -> None:
        """This function will send readings of one person; what the service cannot take now is lost, as from a device without a store."""
        try:
            answer = self.client.post(
                "/api/v1/observations", json={"observations": readings}, headers={"Authorization": f"Bearer {person.token}"}
            )
            answer.raise_for_status()
        except httpx.HTTPError as trouble:
            log.warning("readings not taken: %s", trouble)
            time.sleep(2)

    def tell(self, story: Story, now: datetime, *, among: Sequence[Person]) -> None:
        """This function will let the story happen to one of these people who has its condition and to whom nothing happens just now."""
        candidates = [one for one in among if story.condition in one.patient.conditions and not self.busy(one, now)]
        if candidates:
            person = self.chance.choice(candidates)
            person.in_story_until = now + STORY_EVERY
            log.info("story: %s %s", story.kind, person.patient.name)
            for ago, value, value2 in story.readings:  # one by one: a jump is judged against what is stored
                self.send(person, [person.reading(story.kind, now - timedelta(seconds=ago), value, value2)])

    def busy(self, person: Person, now: datetime) -> bool:
        return person.in_story_until is not None and now < person.in_story_until

    def trickle(self, now: datetime) -> None:
        """This function will send one calm reading of someone, and of each CGM whose five minutes are over."""
        free = [one for one in self.everyone if not self.busy(one, now)]
        person = self.chance.choice(free)
        kind = self.chance.choice([kind for kind in person.kinds if kind != "cgm"])
        self.send(person, [self.calm_reading(person, kind, now)])
        for wearer in free:
            if "cgm" in wearer.kinds and now >= self.cgm_due.get(wearer.token, now):
                self.cgm_due[wearer.token] = now + CGM_EVERY
                self.send(wearer, [self.calm_reading(wearer, "cgm", now)])

    def calm_reading(self, person: Person, kind: str, now: datetime) -> dict[str, Any]:
        patient = person.patient
        local = now.astimezone(ZoneInfo(patient.time_zone))
        value, value2 = calm(kind, person=patient.name, conditions=patient.conditions, local=local, chance=self.chance)
        if kind == "steps":
            value = float(self.chance.randint(0, 60))
        return person.reading(kind, now, value, value2)

    def stories(self) -> Iterator[Story]:
        """This function will give the stories in order first, and then by chance for ever."""
        yield from STORIES
        while True:
            yield self.chance.choice(STORIES)


def run(*, url: str) -> None:
    """This function will stream until it is stopped."""
    chance = random.Random()  # another day every time
    stream = Stream(url=url, everyone=people(now=timezone.now()), chance=chance)
    stories = stream.stories()
    # The first ones happen where the demo's visitor is most likely to look: among the first doctor's patients.
    near = [one for one in stream.everyone if one.patient.team and one.patient.team.lead and one.patient.team.lead.email == DOCTOR.email]
    for pause in PAUSES:
        time.sleep(pause)
        stream.tell(next(stories), timezone.now(), among=near)
    next_story = timezone.now() + timedelta(seconds=40)
    while True:
        now = timezone.now()
        stream.trickle(now)
        if now >= next_story:
            stream.tell(next(stories), now, among=stream.everyone)
            next_story = now + STORY_EVERY
        time.sleep(EVERY)
