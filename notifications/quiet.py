"""Quiet hours: when a person does not want to be disturbed, by the wall clock where she is now. Urgent and red pass."""

from datetime import datetime, time
from uuid import UUID

from django.db import transaction

from healthhub.lib import times
from healthhub.lib.refused import Invalid
from healthhub.people.models import User
from notifications.models import Notice, QuietHours

PASS_QUIET_HOURS = frozenset({"red", "urgent"})


def put_off(severity: str, *, time_zone: str, start: time | None, end: time | None, now: datetime) -> datetime:
    """This function will give the first moment from `now` on at which a notice of this severity may disturb her."""
    if start is None or end is None or severity in PASS_QUIET_HOURS:
        return now
    try:
        zone = times.zone(time_zone)
    except Invalid:
        return now  # a zone that nobody knows must not silence her
    return times.next_allowed(now, zone, start, end)


def allowed_at(*, person: UUID, severity: str, now: datetime) -> datetime:
    """This function will ask the same with her hours and her zone as they stand now. One SQL, none for urgent and red."""
    if severity in PASS_QUIET_HOURS:
        return now
    row = QuietHours.objects.filter(person=person).values_list("start", "end", "person__time_zone", "person__patient__time_zone").first()
    if row is None:
        return now
    start, end, own_zone, patient_zone = row
    return put_off(severity, time_zone=patient_zone or own_zone, start=start, end=end, now=now)


def hours_of(*, person: UUID) -> QuietHours | None:
    """This function will give her quiet hours, or None when she has none."""
    return QuietHours.objects.filter(person=person).first()


def set_hours(*, person: UUID, start: time | None, end: time | None, now: datetime) -> QuietHours | None:
    """This function will set her quiet hours [start, end) by her wall clock, over midnight when end < start; None and None end them.

    What waits for the old hours is put to the new ones. Raises Invalid when only one is given or both are equal.
    """
    if (start is None) != (end is None):
        raise Invalid("Give both start and end, or neither.", code="half_given", field="end" if end is None else "start")
    if start is not None and start == end:
        raise Invalid("Quiet hours must end at another time than they start.", code="empty_hours", field="end")
    with transaction.atomic():
        if start is None or end is None:
            QuietHours.objects.filter(person=person).delete()
        else:
            QuietHours.objects.update_or_create(person=User(id=person), defaults={"start": start, "end": end})
        moved(person=person, now=now)
    return hours_of(person=person)


def moved(*, person: UUID, now: datetime) -> int:
    """This function will put what waits for the end of her quiet hours to where her clock and hours are now, and count it.

    To be called when her time zone changes. Notices that were tried already keep their own times.
    """
    waiting = Notice.objects.filter(person=person, state=Notice.State.PENDING, tries=0).exclude(severity__in=PASS_QUIET_HOURS)
    return waiting.update(due_at=allowed_at(person=person, severity="amber", now=now), woken_at=None)
