"""The one table of processes. The demo runner starts it, compose.yaml and the manual repeat it (a test compares them).

Every process may be killed at any moment: nothing is acknowledged before it is committed, tasks are rows, sockets are hints.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

QUEUES = "deliver,assess,import,train"
WORKER = (
    "celery",
    "--quiet",
    "-A",
    "healthhub.config",
    "worker",
    "--queues",
    QUEUES,
    "--loglevel",
    "WARNING",
    "--without-gossip",
    "--without-mingle",
)
SWEEP = ("python", "manage.py", "sweep")

# Grown out of one machine: HTTP by WSGI, sockets by a separate ASGI process, as many of each as needed.
PRODUCTION: Mapping[str, tuple[str, ...]] = {
    "web": ("granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "8",
            "--no-ws", "healthhub.config.wsgi:application"),
    "live": ("uvicorn", "--host", "0.0.0.0", "--port", "8001", "--ws-max-size", "65536", "--no-access-log",
             "healthhub.config.asgi:application"),
    "worker": (*WORKER, "--concurrency", "2"),
    "sweep": SWEEP,
    "mqtt": ("python", "manage.py", "mqtt"),
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """One process of the demo: its name in the log, and its words after the directory of binaries is put before them."""

    name: str
    words: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        """This function will give the command line under this very Python, whose environment holds every program as a module."""
        program, *rest = self.words
        return [sys.executable, *rest] if program == "python" else [sys.executable, "-m", program, *rest]


def demo(*, host: str, port: int) -> list[Program]:
    """This function will give the demo's processes: pages and sockets from one ASGI process on one port, one worker, one sweep."""
    web = ("uvicorn", "--host", host, "--port", str(port), "--ws-max-size", "65536", "--no-access-log", "--log-level", "warning",
           "--timeout-graceful-shutdown", "3", "healthhub.config.asgi:application")  # fmt: skip
    return [Program("web", web), Program("worker", (*WORKER, "--concurrency", "1")), Program("sweep", SWEEP)]


def stream(*, url: str, data: str, speed: float = 600) -> Program:
    """This function will give the process that makes readings move: simulated ones, or a replay `speed` times as fast as life."""
    if data:
        return Program("replay", ("python", "manage.py", "replay", data, "--url", url, "--speed", str(speed), "--again"))
    return Program("stream", ("python", "manage.py", "simulate", "--url", url))
