"""The Celery application. Tasks only hurry rows along: every one of them may be lost and is found again by the sweep."""

import gc
import os

from celery import Celery
from celery.signals import worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")

app = Celery("healthhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # threads of the web process would otherwise meet a Celery without a broker
app.autodiscover_tasks(["healthhub.audit", "notifications", "monitoring", "risk", "healthhub.records", "healthhub.api"])


@worker_before_create_process.connect
def share_what_is_loaded(**_: object) -> None:
    """This function will keep the collector off what a worker shares with its children: it would copy every page it looks at.

    A chunk of patients is tens of thousands of small values without a cycle among them: looking through them at every 700 new ones
    took a fifth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
