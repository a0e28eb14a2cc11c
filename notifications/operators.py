"""Paging the operators: the last thing that happens to a notice that no door took."""

import logging
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from healthhub.people.models import Membership, Role
from notifications.models import Notice
from notifications.post import post

logger = logging.getLogger(__name__)

UNDELIVERED = "undelivered"
TEXTS = {
    "zh-hans": {"title": "有通知无法送达", "body": "所有通知渠道均失败。请检查邮件、推送和短信网关，并查看失败的通知列表。"},
    "en": {
        "title": "Notices cannot be delivered",
        "body": "Every channel failed. Check mail, push and message gateways, and look at the list of failed notices.",
    },
}


def on_watch(*, now: datetime) -> list[UUID]:
    """This function will give the ids of the operators who work here now."""
    working = Membership.objects.filter(Q(until=None) | Q(until__gt=now), role=Role.OPERATOR, since__lte=now, user__is_active=True)
    return sorted(set(working.values_list("user_id", flat=True)))


def page(*, notice: Notice, because: str, now: datetime) -> None:
    """This function will tell the operators that a notice was given up, at most once an hour, naming no person.

    A page that itself cannot be delivered only goes to the log: it must not page again.
    """
    logger.error("Notice %s was given up after %d claims: %s", notice.id, notice.tries, because)
    if notice.reason == UNDELIVERED:
        return
    people = on_watch(now=now)
    if not people:
        logger.error("No operator is known who could be paged.")
    post(people=people, about=f"{UNDELIVERED}:{now:%Y-%m-%dT%H}", reason=UNDELIVERED, severity="urgent", texts=TEXTS, now=now)
