"""Celery's door: ids in, one call. A task that is lost or runs twice changes nothing (see deliver.py)."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from notifications import deliver as delivery, liveness
from notifications.post import DELIVER


@shared_task(name=DELIVER)
def deliver(*, notice_ids: list[str]) -> None:
    delivery.deliver_all(notice_ids=[UUID(one) for one in notice_ids], now=timezone.now())


@shared_task(name=liveness.CANARY)
def canary(*, name: str) -> None:
    liveness.sings(name=name, now=timezone.now())
