"""`manage.py mqtt_accounts DIRECTORY`: the broker's password and access files, from the living device tokens."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthhub.lib.refused import Invalid
from healthhub.people import mqtt_accounts


class Command(BaseCommand):
    help = "Writes Mosquitto's files `passwords` and `access` into DIRECTORY; MQTT_PASSWORD is the gateway's own. Then SIGHUP the broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            fresh = mqtt_accounts.write(options["directory"], gateway_password=settings.MQTT_PASSWORD)
        except (Invalid, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("changed" if fresh else "as before")
