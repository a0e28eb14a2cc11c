"""Celery's door to bulk exports: a task that is lost or runs twice changes nothing, because what is due is a row."""

from celery import shared_task
from django.utils import timezone

from healthhub.api import fhir_bulk
from healthhub.records import bulk


@shared_task(name=bulk.TASK)
def write_bulk() -> int:
    return bulk.work(write=fhir_bulk.write, now=timezone.now())
