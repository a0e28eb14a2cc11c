"""The Celery application. Tasks only hurry rows along: every one of them may be lost and is found again by the sweep."""

import gc
import os

from celery import Celery
from celery.signals import worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")

app = Celery("healthhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # threads of the web process would otherwise meet a Celery without a broker
app.autodiscover_tasks(["healthhub.audit", "notifications", "monitoring", "risk", "healthhub.records"])


@worker_before_create_process.connect
def share_what_is_loaded(**_: object) -> None:
    """This function will keep the collector of a worker's children off what they share with it: it would copy every page it looks at."""
    gc.collect()
    gc.freeze()
