"""Celery's door to bulk exports and subscriptions: a task that is lost or runs twice changes nothing, because what is due is a row."""

from celery import shared_task
from django.utils import timezone

from healthhub.api import fhir_bulk, fhir_subscriptions
from healthhub.records import bulk
from monitoring import subscriptions


@shared_task(name=bulk.TASK)
def write_bulk() -> int:
    return bulk.work(write=fhir_bulk.write, now=timezone.now())


@shared_task(name=subscriptions.TASK)
def tell_subscribers() -> int:
    return subscriptions.work(write=fhir_subscriptions.write, clock=timezone.now)
