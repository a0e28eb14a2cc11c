from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "healthhub.config"
