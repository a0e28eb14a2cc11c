"""The processes under measurement: the servers of production settings (fsync on) and the product's own table of processes."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from healthhub.config.processes import PRODUCTION, Program
from healthhub.config.servers import ROOT, Servers, on_leash

HOST = "127.0.0.1"
START_SECONDS = 60.0


def free_port() -> int:
    """This function will give a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _at(words: tuple[str, ...], port: int) -> tuple[str, ...]:
    """The same words, on the loopback and another port."""
    found = list(words)
    found[found.index("--host") + 1] = HOST
    found[found.index("--port") + 1] = str(port)
    return tuple(found)


class House:
    """Servers and processes of one run, in a throw-away directory; everything is on a leash and gone at the end."""

    def __init__(self) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="healthhub-bench-"))
        self.state.chmod(0o711)
        self.servers = Servers(self.state)
        self.ports = {"web": free_port(), "live": free_port(), "bare": free_port()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def open(self) -> None:
        """This function will start PostgreSQL and Valkey and settle the environment for Django here and in the processes."""
        self.servers.start()
        os.environ.update(self.servers.environment())
        os.environ.update(
            HEALTHHUB_MODE="demo",
            SECRET_KEY="for-the-bench-only-" + "0123456789" * 5,
            DJANGO_SETTINGS_MODULE="healthhub.config.settings",
            EMAIL_URL="dummymail://",
            STATIC_ROOT=str(self.state / "static"),
            PYTHONUNBUFFERED="1",
        )

    def start(self, name: str) -> None:
        """This function will start one process of the table (or the yardstick, `bare`) and wait until it listens."""
        words = PRODUCTION["web" if name == "bare" else name]
        env = dict(os.environ)
        if name == "bare":
            env["DJANGO_SETTINGS_MODULE"] = "tests.bench.bare_settings"
        if name in self.ports:
            words = _at(words, self.ports[name])
        log = (self.state / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            on_leash(Program(name, words).command, dies_by=signal.SIGKILL),
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        if name in self.ports:
            self.wait(name)

    def wait(self, name: str) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((HOST, self.ports[name]), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > until or self.running[name].poll() is not None:
                    raise RuntimeError(f"{name} does not listen; its log: {self.log(name)[-2000:]}") from None
                time.sleep(0.05)

    def log(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        for name in list(self.running):
            self.stop(name)
        self.servers.stop()
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.rmtree(self.servers.postgres.data, ignore_errors=True)

    def complaints(self) -> dict[str, str]:
        """This function will give what the processes said: at rest and at work they say nothing."""
        said = {name: self.log(name).strip() for name in self.running}
        return {name: text for name, text in said.items() if text}
