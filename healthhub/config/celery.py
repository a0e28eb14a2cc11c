"""The Celery application. Tasks only hurry rows along: every one of them may be lost and is found again by the sweep."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")

app = Celery("healthhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # threads of the web process would otherwise meet a Celery without a broker
app.autodiscover_tasks(["notifications", "monitoring", "risk", "healthhub.records"])
