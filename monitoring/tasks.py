"""Celery's door to risk work: a task that is lost or runs twice changes nothing, because what is due is a row."""

from celery import shared_task
from django.utils import timezone

from monitoring import risks
from risk.due import ASSESS, WATCH


@shared_task(name=ASSESS)
def assess(*, model: str) -> int:
    return risks.work(model=model, now=timezone.now())


@shared_task(name=WATCH)
def watch() -> int:
    return risks.look(now=timezone.now())
