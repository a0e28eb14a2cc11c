"""Wakes workers: tells Celery that a row waits, after the commit that wrote it.

Like the bell, a wake-up is a hint: the sweep finds the row without it. So a request never waits for the broker. It puts
the hint into a bounded queue in memory, and one thread of this process publishes it; what a dead broker or a killed
process loses here costs one sweep's delay.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from queue import Full, Queue
from typing import Any

from celery import Celery, current_app
from django.db import transaction
from kombu.connection import Connection
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

LONGEST_QUEUE = 10_000
REST_SECONDS = 1.0  # after a failed publish hints are dropped for this long instead of failing one by one
TIMEOUT_SECONDS = 1.0
EXPIRES_SECONDS = 60  # a hint that waited longer in the broker is stale: the sweep has sent newer ones

Hint = tuple[str, Mapping[str, Any], str | None]


class Waker:
    """The queue and its thread; one per process, made again after a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.hints: Queue[Hint] = Queue(maxsize=LONGEST_QUEUE)
        self.thread = threading.Thread(target=self.run, name="wake", daemon=True)
        self.thread.start()

    def put(self, hint: Hint) -> None:
        try:
            self.hints.put_nowait(hint)
        except Full:
            logger.warning("The wake-up queue is full: the sweep will find the row.")

    def run(self) -> None:
        connection: Connection | None = None
        resting_until = 0.0
        while True:
            hint = self.hints.get()
            if time.monotonic() < resting_until:
                continue
            connection = connection or _connection()
            try:
                publish(hint, connection=connection)
            except (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
                logger.warning("The broker did not take a wake-up (%s): the sweep will find the row.", error)
                resting_until = time.monotonic() + REST_SECONDS
                connection = None


_waker: list[Waker] = []
_one_at_a_time = threading.Lock()


def worker_on_commit(*, task: str, each: Iterable[Mapping[str, Any]], queue: str | None = None) -> None:
    """This function will ask for one run of `task` per mapping of arguments (on `queue`), once the transaction is committed.

    Costs microseconds and never raises for the broker's sake; outside of a transaction it asks at once.
    """
    hints: list[Hint] = [(task, arguments, queue) for arguments in each]

    def wake_now() -> None:
        waker = _own_waker()
        for hint in hints:
            waker.put(hint)

    if hints:
        transaction.on_commit(wake_now, robust=True)


def publish(hint: Hint, *, connection: Connection) -> None:
    """This function will hand one hint to the broker, or raise what kombu or the socket raises."""
    task, arguments, queue = hint
    _app().send_task(
        task,
        kwargs=dict(arguments),
        queue=queue,
        connection=connection,
        retry=False,
        expires=EXPIRES_SECONDS,
        ignore_result=True,
    )


def _app() -> Celery:
    return current_app._get_current_object()


def _connection() -> Connection:
    app = _app()
    options = {**app.conf.broker_transport_options, "socket_connect_timeout": TIMEOUT_SECONDS, "socket_timeout": TIMEOUT_SECONDS}
    connection: Connection = app.connection_for_write(transport_options=options)
    return connection


def _own_waker() -> Waker:
    with _one_at_a_time:
        # A forked child inherits the object but not the thread.
        if not _waker or _waker[0].pid != os.getpid():
            _waker[:] = [Waker()]
        return _waker[0]
