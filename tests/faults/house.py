"""A whole house that may be hurt: its own servers, the processes of the table, and the hand that kills and revives them.

Everything is started from the main thread: the kernel ends a process on a leash when the thread that started it is gone.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from healthhub.config import processes
from healthhub.config.servers import ROOT, Servers, on_leash

SECRET = "for-the-fault-tests-only-" + "0123456789" * 4
REST = 0.3  # seconds before a process that ended is started again
YOUNG = 5.0  # seconds a process is spared after its start, so that something happens between two kills


def environment(servers: Servers, **more: str) -> dict[str, str]:
    """This function will give what the settings demand, with a short grace and a quick sweep."""
    return servers.environment() | {
        "HEALTHHUB_MODE": "test",
        "DJANGO_SETTINGS_MODULE": "healthhub.config.settings",
        "SECRET_KEY": SECRET,
        "LIVE_PREFIX": "faults",
        "LIVE_GRACE_SECONDS": "0.2",
        "SWEEP_SECONDS": "1",
        "DATABASE_POOL": "6",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        **more,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Kept:
    """One process of the table, started again whenever it ended, by our hand or by itself."""

    name: str
    words: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    ended: float = 0.0
    killed: int = 0
    ended_by_itself: int = 0
    ours: bool = False  # the end that is coming is our doing

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                on_leash(self.words, dies_by=signal.SIGKILL),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.began, self.ended, self.ours = time.monotonic(), 0.0, False

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """This function will send a signal to the process and all its children."""
        if self.process is not None and self.process.poll() is None:
            self.ours = True
            os.killpg(self.process.pid, how)
            self.killed += how == signal.SIGKILL

    def tend(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        if not self.ended:
            self.ended = time.monotonic()
            self.ended_by_itself += not self.ours
        elif time.monotonic() - self.ended > REST:
            self.start()

    @property
    def age(self) -> float:
        return time.monotonic() - self.began if self.process is not None and self.process.poll() is None else 0.0


@dataclass
class House:
    """Servers and processes. `tend` must be called all the time, from the main thread."""

    servers: Servers
    chance: random.Random
    port: int = field(default_factory=free_port)
    kept: dict[str, Kept] = field(default_factory=dict)
    outages: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self, *, only: Sequence[str] = ("web", "worker", "sweep")) -> None:
        """This function will start the processes of the production table, sized for two cores."""
        for name in only:
            program, *rest = processes.PRODUCTION[name]
            self.kept[name] = Kept(name, self.command(program, rest), self.servers.state / f"{name}.log")
            self.kept[name].start()
        self.until(self.answers, within=60, what="the web process to answer")

    def command(self, program: str, rest: list[str]) -> list[str]:
        sized = {"--port": str(self.port), "--host": "127.0.0.1", "--workers": "1", "--blocking-threads": "6", "--concurrency": "1"}
        words = [sized.get(before, word) for before, word in zip(["", *rest], rest, strict=False)]
        return [sys.executable, *words] if program == "python" else [sys.executable, "-m", program, *words]

    def answers(self) -> bool:
        """This function will tell whether the web process answers; its port is open long before."""
        try:
            return httpx.get(f"{self.url}/livez", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def tend(self) -> None:
        """This function will start again what has ended."""
        for kept in self.kept.values():
            kept.tend()

    def until(self, so: Callable[[], bool], *, within: float, what: str = "") -> bool:
        """This function will tend the house until something is so; raises TimeoutError if `what` is named and does not come."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if so():
                return True
            self.tend()
            time.sleep(0.05)
        if what:
            raise TimeoutError(f"waited {within:.0f} s for {what}:\n{self.words()}")
        return False

    def rest(self, seconds: float) -> None:
        """This function will let time pass."""
        self.until(lambda: False, within=seconds)

    def kill_one(self) -> str:
        """This function will kill -9 one process that has lived long enough to do something, and say which."""
        old = [kept for kept in self.kept.values() if kept.age > YOUNG and (kept.name != "web" or self.answers())]
        if not old:
            return ""
        victim = self.chance.choice(old)
        victim.kill()
        return victim.name

    def words(self) -> str:
        """This function will give the last words of every process."""
        return "\n".join(f"--- {name}\n{kept.log.read_text(errors='replace')[-3000:]}" for name, kept in self.kept.items())

    def close(self) -> None:
        for kept in self.kept.values():
            kept.kill(signal.SIGTERM)
        until = time.monotonic() + 8
        for kept in self.kept.values():
            if kept.process is not None:
                try:
                    kept.process.wait(max(0.1, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    kept.kill()
                    kept.process.wait(5)
        self.servers.stop()
