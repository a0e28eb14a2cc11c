"""Celery's door to risk work: a task that is lost or runs twice changes nothing, because what is due is a row."""

from celery import shared_task
from django.utils import timezone

from monitoring import pulls, risks, trends, uploads
from risk.due import ASSESS, FORECAST, WATCH


@shared_task(name=ASSESS)
def assess(*, model: str) -> int:
    now = timezone.now()
    return trends.work(now=now) if model == FORECAST else risks.work(model=model, now=now)


@shared_task(name=WATCH)
def watch() -> int:
    return risks.look(now=timezone.now())


@shared_task(name=pulls.PULL)
def pull() -> int:
    return pulls.work(now=timezone.now())


# Reading a file goes on as long as the file is; a lease and a number on its row, not the broker, tell whose it is.
@shared_task(name=uploads.TASK, time_limit=3600, soft_time_limit=None)
def take_in() -> bool:
    return uploads.work(clock=timezone.now)
