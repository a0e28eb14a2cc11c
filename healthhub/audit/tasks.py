"""Celery's door to the reading of the log. Taken before it is done: it may take longer than the broker waits for an answer."""

from pathlib import Path
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from healthhub.audit import checks

LONGEST = 1800  # seconds


@shared_task(name=checks.VERIFY, acks_late=False, time_limit=LONGEST, soft_time_limit=LONGEST - 30)
def verify(*, check_id: str) -> int:
    anchors = Path(settings.AUDIT_ANCHOR_FILE) if settings.AUDIT_ANCHOR_FILE else None
    return checks.run(check_id=UUID(check_id), anchors=anchors, now=timezone.now()).trouble_count
