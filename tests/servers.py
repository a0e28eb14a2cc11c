"""Our own processes for tests: a real web process, a real Celery worker, real sockets; on the test database.

The database must be visible to them: use pytest-django's `transactional_db`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from websockets.sync.client import ClientConnection, connect

from healthhub.config.servers import ROOT
from notifications import liveness
from notifications.models import Pulse

START_SECONDS = 30.0
OURS = f"tests-{os.getpid()}"


def environment(**changes: str) -> dict[str, str]:
    """This function will give the environment in which our processes meet the test database and this run's Redis."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    prefix = str(settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"])
    return (
        dict(os.environ) | {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "LIVE_PREFIX": prefix, "PYTHONUNBUFFERED": "1"} | changes
    )


def free_port() -> int:
    """This function will give a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One of our processes; its output goes to a file that a failing test shows."""

    def __init__(self, words: Sequence[str], *, log: Path, env: Mapping[str, str]) -> None:
        self.log = log
        self.name = f"{OURS}-{uuid4().hex[:8]}"  # how PostgreSQL knows this process
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env={**env, "PGAPPNAME": self.name},
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """This function will end the process and its children, by their process group."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, how)
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait(10)

    def output(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


class Web(Process):
    """uvicorn with pages, API and sockets, as in the demo."""

    def __init__(self, directory: Path, *, port: int | None = None, **changes: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = ["uvicorn", "--host", "127.0.0.1", "--port", str(self.port), "--ws-max-size", "65536", "--no-access-log"]
        words += ["--log-level", "warning", "--timeout-graceful-shutdown", "2", "healthhub.config.asgi:application"]
        super().__init__(words, log=directory / f"web-{self.port}.log", env=environment(**changes))
        self.wait_ready()

    def wait_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.popen.poll() is not None:
                raise AssertionError(f"uvicorn ended:\n{self.output()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"uvicorn is not ready:\n{self.output()}")

    def get(self, path: str) -> bytes:
        with urlopen(self.url + path, timeout=10) as answer:
            return bytes(answer.read())

    def socket(
        self, *, cookie: str | None = None, token: str | None = None, after: int | None = None, path: str = "/ws/", **options: Any
    ) -> ClientConnection:
        """This function will open a socket as a page (with a session cookie and the right origin), or as a device (with a token)."""
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"} if cookie else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        else:
            options.setdefault("origin", self.url)
        query = "" if after is None else f"?after={after}"
        options = {"proxy": None, "additional_headers": headers, "max_size": None, "ping_interval": None, "legacy": True} | options
        return connect(f"ws://127.0.0.1:{self.port}{path}{query}", **options)


@contextmanager
def directory() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="healthhub-processes-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def running_web(**changes: str) -> Iterator[Web]:
    """This function will run uvicorn on a free port against the test database for as long as the block lasts."""
    with directory() as place:
        web = Web(place, **changes)
        try:
            yield web
        finally:
            web.kill(signal.SIGTERM)
            print(web.output())  # pytest shows it when the test failed
            cut(web)


def worker_process(place: Path, *, name: str = "worker", concurrency: int = 1, queues: str = "deliver", **changes: str) -> Process:
    """This function will start a Celery worker; it is ready when its first task ran."""
    words = ["celery", "--quiet", "-A", "healthhub.config", "worker", "--queues", queues, "--concurrency", str(concurrency)]
    words += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    return Process(words, log=place / f"{name}.log", env=environment(**changes))


@contextmanager
def running_worker(*, concurrency: int = 1, queues: str = "deliver", **changes: str) -> Iterator[Process]:
    """This function will run a real Celery worker on this run's Redis for as long as the block lasts."""
    with directory() as place:
        worker = worker_process(place, concurrency=concurrency, queues=queues, **changes)
        try:
            wait_for(lambda: works(worker), within=60)
            yield worker
        finally:
            worker.kill(signal.SIGTERM)
            print(worker.output())
            cut(worker)


def works(worker: Process) -> bool:
    """This function will tell whether a task has run since it was first asked; a process that is up proves nothing."""
    assert worker.popen.poll() is None, worker.output()
    liveness.ask(now=timezone.now())
    return Pulse.objects.filter(ran_at__isnull=False).exists()


def cut(process: Process) -> None:
    """This function will end a process's database connections: what it left open when killed would block the next TRUNCATE."""
    with psycopg.connect(environment()["DATABASE_URL"], autocommit=True) as own:
        own.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [process.name])


def close_left_over() -> None:
    """This function will do so for all processes of this test run."""
    with psycopg.connect(environment()["DATABASE_URL"], autocommit=True) as own:
        own.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(application_name, %s)", [OURS])


def session_of(client: Client) -> str:
    """This function will give the session cookie of a signed-in test client."""
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def frame(sock: ClientConnection, *, kind: str | None = None, timeout: float = 5.0) -> dict[str, Any]:
    """This function will give the next frame (of this type; others and heartbeats are passed over), or raise TimeoutError."""
    until = time.monotonic() + timeout
    while True:
        got: dict[str, Any] = json.loads(sock.recv(timeout=max(0.0, until - time.monotonic())))
        if got["type"] == kind or (kind is None and got["type"] != "heartbeat"):
            return got


def wait_for(what: Any, *, within: float = 10.0) -> Any:
    """This function will ask again and again until the answer is true, and give it."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not come true in time")
