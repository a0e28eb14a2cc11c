"""`make demo` as a person meets it: it comes up, something happens by itself, and it goes without a trace."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from healthhub.config.servers import ROOT
from tests.setup.processes import living

SET_BY_THE_TESTS = ("DATABASE_URL", "REDIS_URL", "HEALTHHUB_MODE", "SECRET_KEY", "LIVE_PREFIX", "PYTEST_XDIST_WORKER", "PORT")


class Demo:
    """A running demo in a state directory of its own, with what it has said so far."""

    def __init__(self, state: Path, port: int) -> None:
        self.state, self.port, self.said, self.sockets = state, port, "", ""
        environment = {name: value for name, value in os.environ.items() if name not in SET_BY_THE_TESTS}
        command = [sys.executable, "-m", "healthhub.config.demo", "--state", str(state), "--port", str(port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        if self.process.stdout is not None:
            for line in self.process.stdout:
                self.said += line

    def hears(self, pattern: str, seconds: float) -> str:
        """This function will wait until the pattern has been said, and give its match."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            if found := re.search(pattern, self.said):
                return found.group()
            time.sleep(0.1)
        found = re.search(pattern, self.said)
        assert found, f"never said {pattern!r}:\n{self.said}"
        return found.group()

    def left(self) -> list[str]:
        """This function will give the demo's processes that still live: by its state directory, its sockets and its port."""
        if (self.state / "sockets").is_symlink():
            self.sockets = os.readlink(self.state / "sockets")
        own = [self.sockets] if self.sockets else []
        return living(f"{self.state}", f"--port {self.port}", f"PUBLIC_URL=http://127.0.0.1:{self.port}", *own)

    def gone_within(self, seconds: float) -> list[str]:
        until = time.monotonic() + seconds
        while (left := self.left()) and time.monotonic() < until:
            time.sleep(0.1)
        return left

    def number_of(self, words: str) -> int:
        """This function will wait until the process with these words runs (no longer its leash) and give its number."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if found := [line for line in self.left() if words in line and "leash.py" not in line]:
                return int(found[0].split()[0])
            time.sleep(0.1)
        raise AssertionError(f"{words} does not run:\n{self.said}")

    def patients(self) -> int:
        with psycopg.connect(f"postgres://healthhub@/healthhub?host={os.readlink(self.state / 'sockets')}") as connection:
            row = connection.execute("SELECT count(*) FROM people_patient").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.process.kill()
        demo.process.wait()


@pytest.mark.slow
def test_an_alert_comes_by_itself_and_a_killed_runner_leaves_nothing(state: Path, port: int, demos: list[Demo]) -> None:
    first = Demo(state, port)
    demos.append(first)
    first.hears(r"HealthHub is running: http://127\.0\.0\.1:\d+", 120)
    assert first.patients() == 40
    first.hears(r"live alert on .* page after [\d.]+ s", 180)
    running = " ".join(first.left())
    assert all(name in running for name in ("uvicorn", "celery", "sweep", "simulate", "bin/postgres", "valkey-server"))
    first.process.send_signal(signal.SIGKILL)
    assert first.gone_within(10) == []

    second = Demo(state, port)
    demos.append(second)
    second.hears("HealthHub is running", 60)
    assert second.patients() == 40
    second.hears(r"live alert on .* page after [\d.]+ s", 180)
    third = Demo(state, port + 1)
    demos.append(third)
    assert third.process.wait(30) == 1
    third.hears(rf"HealthHub: the demo of this directory is running already \(process {second.process.pid}\)\.", 5)
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(30) == 0
    assert second.gone_within(1) == []


@pytest.mark.slow
def test_a_process_that_dies_is_started_again(state: Path, port: int, demos: list[Demo]) -> None:
    demo = Demo(state, port)
    demos.append(demo)
    demo.hears("HealthHub is running", 120)
    os.kill(demo.number_of("manage.py sweep"), signal.SIGKILL)
    demo.hears("sweep ended with -9; starting it again", 10)
    os.kill(demo.number_of("valkey-server"), signal.SIGKILL)
    demo.hears("valkey has died; starting it again", 10)
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(30) == 0
    assert demo.gone_within(1) == []


def test_a_busy_port_is_one_sentence(state: Path, port: int, demos: list[Demo]) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        busy.listen()
        demo = Demo(state, port)
        demos.append(demo)
        assert demo.process.wait(30) == 1
    demo.hears(rf"^HealthHub: port {port} is in use or not a port: choose another one, as in make demo PORT=\d+\n$", 5)
    assert demo.left() == []


def test_stopping_during_the_start_leaves_nothing(state: Path, port: int, demos: list[Demo]) -> None:
    demo = Demo(state, port)
    demos.append(demo)
    demo.hears("migrations", 60)
    demo.process.send_signal(signal.SIGINT)
    demo.process.wait(30)
    assert demo.gone_within(1) == []
    assert "Traceback" not in demo.said
