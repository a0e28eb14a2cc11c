"""Celery's door to exports: a task that is lost or runs twice changes nothing, because what is due is a row."""

from celery import shared_task
from django.utils import timezone

from healthhub.records import exports, tables

TABLES = {"parquet": tables.parquet, "excel": tables.excel}


@shared_task(name=exports.EXPORT)
def export() -> int:
    return exports.work(now=timezone.now(), tables=TABLES)
