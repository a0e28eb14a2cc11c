"""`manage.py mqtt`: the gateway between an MQTT broker and the one way in. One process for a broker."""

import asyncio
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from healthhub.api import mqtt_gateway
from healthhub.api.mqtt_gateway import Broker, OpenBroker
from healthhub.lib.refused import Invalid
from healthhub.people import mqtt_accounts


class Command(BaseCommand):
    help = "Takes in what devices publish at the broker MQTT_URL, and tells them its fate (docs/dialects.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limits-every", type=float, default=60.0, help="seconds between two looks at limits and accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        broker = Broker(settings.MQTT_URL, settings.MQTT_PASSWORD, options["limits_every"])
        try:
            asyncio.run(self._serve(broker))
        except (OpenBroker, Invalid, OSError) as error:
            raise CommandError(str(error)) from error

    async def _serve(self, broker: Broker) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        serving = asyncio.create_task(mqtt_gateway.run(broker, stop=stop))
        writing = asyncio.create_task(self._write_accounts(broker.limits_every))
        await asyncio.wait([serving, writing], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await serving
        if not writing.cancelled():
            writing.result()

    async def _write_accounts(self, every: float) -> None:
        """Who may sign in changes with the tokens; without MQTT_ACCOUNTS the operator writes the files."""
        while True:
            if settings.MQTT_ACCOUNTS:
                await self._try_to_write()
            await asyncio.sleep(every)

    async def _try_to_write(self) -> None:
        try:
            await mqtt_gateway.in_database(self._write)
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"mqtt: the database is away ({error})")

    def _write(self) -> None:
        if mqtt_accounts.write(Path(settings.MQTT_ACCOUNTS), gateway_password=settings.MQTT_PASSWORD):
            self.stdout.write("mqtt: the accounts changed")
