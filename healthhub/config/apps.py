from django.apps import AppConfig

from healthhub.config.celery import app as celery_app


class HouseConfig(AppConfig):
    name = "healthhub.config"
    # Loaded here so that `shared_task` finds the broker in every process that sets Django up.
    celery = celery_app
