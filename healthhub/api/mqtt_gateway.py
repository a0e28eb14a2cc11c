"""The MQTT gateway: readings from home hubs in, their fates and their patients' limits out.

A message is acknowledged when what it says is committed and its fate was handed to the broker, so a gateway that is killed in
between hears it again, and the way in knows what it has already.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiomqtt
import msgspec
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from healthhub.api import mqtt_messages
from healthhub.people.mqtt_accounts import GATEWAY

logger = logging.getLogger(__name__)
READINGS, LIMITS, STATUS = "healthhub/+/readings", "healthhub/+/limits", "healthhub/status"
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
AWAY = (aiomqtt.MqttError, OperationalError, InterfaceError, TimeoutError)
Given = TypeVar("Given")


class OpenBroker(Exception):
    """This broker lets one client speak in another's name: nothing it says may be believed."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is (`mqtt://host:port`, `mqtts://` with TLS), the gateway's password, and how often limits are looked at."""

    url: str
    password: str
    limits_every: float = 60.0

    def client(self, identifier: str, *, clean: bool, will: aiomqtt.Will | None = None) -> "Client":
        """This function will make a client that signs in as the gateway."""
        parts = urlsplit(self.url)
        secure = parts.scheme == "mqtts"
        return Client(
            hostname=parts.hostname or "127.0.0.1",
            port=parts.port or (8883 if secure else 1883),
            username=GATEWAY,
            password=self.password,
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=clean,
            will=will,
            tls_context=ssl.create_default_context() if secure else None,
            timeout=20,
        )


class Client(aiomqtt.Client):
    """aiomqtt acknowledges a message before anybody has read it; this one waits until it is told to."""

    def by_hand(self) -> None:
        """This function will leave it to `acknowledge` to acknowledge; say so before entering."""
        self._client.manual_ack_set(True)

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """This function will tell the broker that this message need not come again."""
        if message.qos:
            self._client.ack(message.mid, message.qos)


def _state(state: str) -> bytes:
    return msgspec.json.encode({"state": state, "at": timezone.now()})


async def run(broker: Broker, *, stop: asyncio.Event) -> None:
    """This function will serve the broker until `stop`, coming back by itself, ever more slowly, when broker or database are away.

    Raises OpenBroker where the broker would let devices speak for each other.
    """
    wait = FIRST_WAIT
    while not stop.is_set():
        session = Session(broker)
        try:
            await session.serve(stop)
        except AWAY as error:
            logger.warning("mqtt: %s; trying again in %.0f s", error, wait)
        try:
            await asyncio.wait_for(stop.wait(), wait)
        except TimeoutError:
            wait = FIRST_WAIT if session.came_in else min(wait * 2, LONGEST_WAIT)


async def prove_closed(broker: Broker) -> None:
    """This function will speak in a name that is not its own, and raise OpenBroker if the broker passes it on.

    What is published after it has come back: by then the broker has decided.
    """
    stranger = f"healthhub/{uuid4()}/readings"
    async with broker.client(f"{GATEWAY}-proof", clean=True) as client, asyncio.timeout(20):
        await client.subscribe([(READINGS, 1), (STATUS, 1)])
        await client.publish(stranger, b"{}", qos=1)
        fence = _state("starting")
        await client.publish(STATUS, fence, qos=1)
        async for message in client.messages:
            if str(message.topic) == stranger:
                raise OpenBroker("The broker lets a client publish as another: give it the access file of `manage.py mqtt_accounts`.")
            if message.payload == fence:
                return


class Session:
    """One connection to the broker, from signing in to losing it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.came_in = False
        self.told: dict[UUID, bytes] = {}  # the limits that the broker holds for each device

    async def serve(self, stop: asyncio.Event) -> None:
        """This function will serve until `stop` or until something is away, which raises."""
        await prove_closed(self.broker)
        will = aiomqtt.Will(STATUS, msgspec.json.encode({"state": "offline"}), qos=1, retain=True)
        client = self.broker.client(GATEWAY, clean=False, will=will)
        client.by_hand()
        async with client:
            self.came_in = True
            await client.subscribe([(READINGS, 1), (LIMITS, 1)])
            await client.publish(STATUS, _state("online"), qos=1, retain=True)
            work = [asyncio.create_task(one) for one in (self._listen(client), self._look_again(client), stop.wait())]
            try:
                done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            except (OperationalError, InterfaceError):
                await client.publish(STATUS, _state("offline"), qos=1, retain=True)  # an orderly goodbye sends no will
                raise
            finally:
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
            await client.publish(STATUS, _state("offline"), qos=1, retain=True)

    async def _listen(self, client: Client) -> None:
        async for message in client.messages:
            device = mqtt_messages.device_of(str(message.topic))
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if device is not None and message.topic.matches(LIMITS):
                if message.retain:  # what the broker holds, not the echo of what was just said
                    self.told[device] = payload
            elif device is not None:
                fates = await in_database(partial(mqtt_messages.take, device, payload, now=timezone.now()))
                await client.publish(f"healthhub/{device}/fates", fates, qos=1)
                await self._tell_limits(client, device)
            client.acknowledge(message)

    async def _look_again(self, client: Client) -> None:
        """Limits change without any message: for every device that has some, they are looked at again and again."""
        while True:
            await asyncio.sleep(self.broker.limits_every)
            for device in list(self.told):
                await self._tell_limits(client, device)

    async def _tell_limits(self, client: Client, device: UUID) -> None:
        told = self.told.get(device)
        payload = await in_database(partial(mqtt_messages.limits, device, told=told, now=timezone.now()))
        if payload is not None:
            self.told[device] = payload
            await client.publish(f"healthhub/{device}/limits", payload, qos=1, retain=True)


async def in_database(work: Callable[[], Given]) -> Given:
    """This function will run `work` in the one thread that speaks with the database, so that the broker's pings are answered meanwhile."""

    def fresh() -> Given:
        close_old_connections()
        return work()

    return await sync_to_async(fresh, thread_sensitive=True)()
