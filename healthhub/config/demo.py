"""`make demo`: everything on one machine, from one command, stopped by one Ctrl-C.

The runner takes a lock, starts the embedded servers, brings the database up to date and then keeps the processes of
processes.py alive. Everything it starts is on a leash (leash.py): when the runner dies, of whatever, all of it dies.
"""

import argparse
import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import django
import httpx
from django.core.management import CommandError, call_command
from django.db import connection

from healthhub.config import watch
from healthhub.config.processes import Program, demo, stream
from healthhub.config.servers import ROOT, Server, Servers, ServerTrouble, on_leash

HOST = "127.0.0.1"
PATIENCE = 8.0  # seconds a process may take to end by itself
HOPELESS = 4  # deaths of the web process before its first page
LONGEST_REST = 30.0  # seconds between two starts of a process that keeps dying


def show(line: str) -> None:
    """This function will print a line for whoever still reads: a closed terminal or pipe must not stop the runner half-way."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def say(text: str) -> None:
    show(f"-> {text}")


@contextlib.contextmanager
def only_runner(state: Path) -> Iterator[None]:
    """This function will hold the lock on `var/`; the kernel lets go of it however this process ends."""
    state.mkdir(exist_ok=True)
    with (state / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServerTrouble(f"the demo of this directory is running already (process {lock.read().strip() or 'unknown'}).") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def look_at_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise ServerTrouble(
                f"port {port} may not be opened by this account: choose one above 1023, as in make demo PORT=8080"
            ) from None
        except (OSError, OverflowError):
            raise ServerTrouble(
                f"port {port} is in use or not a port: choose another one, as in make demo PORT={8080 if port != 8080 else 8090}"
            ) from None


def secret_key(state: Path) -> str:
    """This function will give the demo's own secret, made once and readable by its owner only, so that sessions survive a restart."""
    kept = state / "demo-secret"
    if not kept.exists():
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return kept.read_text()


def settle_environment(state: Path, port: int) -> None:
    os.environ |= {
        "HEALTHHUB_MODE": "demo",
        "DJANGO_SETTINGS_MODULE": "healthhub.config.settings",
        "SECRET_KEY": secret_key(state),
        "PUBLIC_URL": f"http://{HOST}:{port}",
        "STATIC_ROOT": str(state / "static"),
        "IMPORT_ROOT": str(state / "imports"),
        "PYTHONUNBUFFERED": "1",
        # Everything here runs as whoever typed the command; Celery need not say so in ten lines.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def prepare() -> None:
    """This function will bring the database, the demo people and the static files up to date, in this process: three starts saved."""
    started = time.monotonic()
    django.setup()
    say("database: migrations")
    call_command("migrate", verbosity=0, interactive=False)
    say("demo people and three weeks of readings (only the first time)")
    call_command("seed")
    say("static files")
    call_command("collectstatic", verbosity=0, interactive=False)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own; its threads must not outlive the preparation
    say(f"prepared in {time.monotonic() - started:.1f} s")


class Child:
    """A program that is kept alive: its output shown line by line under its name, started again after it died."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.stopping = False
        self.deaths = 0

    async def keep(self) -> None:
        rest = 1.0
        while True:
            started = time.monotonic()
            await self.run_once()
            if self.stopping:
                return
            self.deaths += 1
            rest = 1.0 if time.monotonic() - started > 60 else min(2 * rest, LONGEST_REST)
            say(f"{self.program.name} ended with {self.process.returncode if self.process else '?'}; starting it again in {rest:.0f} s")
            await asyncio.sleep(rest)

    async def run_once(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *on_leash(self.program.command, dies_by=signal.SIGKILL),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            cwd=ROOT,
            limit=1 << 20,
        )
        if self.process.stdout is not None:
            async for line in self.process.stdout:
                show(f"{self.program.name:>7} | {line.decode(errors='replace').rstrip()}")
        await self.process.wait()
        self.signal_group(signal.SIGKILL)  # whatever it left behind in its session

    def signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    async def stop(self) -> None:
        self.stopping = True
        if self.process is None or self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        except TimeoutError:
            self.signal_group(signal.SIGKILL)


class Runner:
    """Everything that runs while the demo runs."""

    def __init__(self, *, servers: Servers, port: int, mover: Program) -> None:
        self.servers = servers
        self.url = f"http://{HOST}:{port}"
        self.children = [Child(program) for program in demo(host=HOST, port=port)]
        self.mover = Child(mover)
        self.stopped = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.stopped.set)

    async def unless_stopped(self, *, work: asyncio.Task[None]) -> bool:
        """This function will wait for the work, or for the wish to stop; true when the work is done."""
        stopped = asyncio.create_task(self.stopped.wait())
        await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()  # a thread cannot be stopped: it meets a stopped database, and nobody asks how it fared
            return False
        work.result()
        return True

    async def run(self, began: float) -> None:
        self.listen_to_signals()
        try:
            if await self.unless_stopped(work=asyncio.create_task(asyncio.to_thread(prepare))):
                await self.serve(began)
        finally:
            await self.stop()

    async def serve(self, began: float) -> None:
        say("starting " + ", ".join(child.program.name for child in self.children))
        self.tasks = [asyncio.create_task(child.keep()) for child in self.children]
        self.tasks.append(asyncio.create_task(self.keep_servers()))
        if not await self.unless_stopped(work=asyncio.create_task(self.wait_for_page())):
            return
        say(f"first page after {time.monotonic() - began:.1f} s")
        show(watch.welcome(self.url))
        first_alert = watch.Watch(self.url)
        if await self.unless_stopped(work=asyncio.create_task(first_alert.open())):
            self.tasks.append(asyncio.create_task(self.mover.keep()))
            self.tasks.append(asyncio.create_task(first_alert.tell(began)))
        await self.stopped.wait()

    async def wait_for_page(self) -> None:
        web = self.children[0]
        async with httpx.AsyncClient() as client:
            while web.deaths < HOPELESS:
                with contextlib.suppress(httpx.TransportError):
                    await client.get(self.url, timeout=10)
                    return
                await asyncio.sleep(0.1)
        raise ServerTrouble(f"{web.program.name} cannot start; its own words are above.")

    async def keep_servers(self) -> None:
        while True:
            await asyncio.sleep(1)
            for server in self.servers.all():
                if not server.running():
                    await self.revive(server)

    async def revive(self, server: Server) -> None:
        say(f"{server.name} has died; starting it again")
        try:
            server.start()
            await asyncio.to_thread(server.wait_ready)
        except ServerTrouble as trouble:
            say(str(trouble))

    async def stop(self) -> None:
        began = time.monotonic()
        say("stopping")
        for task in self.tasks[len(self.children) :]:
            task.cancel()
        await asyncio.gather(*(child.stop() for child in [self.mover, *self.children]))
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.to_thread(self.servers.stop)  # while it stops, this loop still hears signals
        say(f"stopped in {time.monotonic() - began:.1f} s")


async def run(servers: Servers, port: int, mover: Program, began: float) -> None:
    await Runner(servers=servers, port=port, mover=mover).run(began)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--data", default="", help="a recording, or a directory of recordings, to replay")
    parser.add_argument("--speed", type=float, default=600, help="how many times as fast as life a recording is replayed")
    parser.add_argument("--state", type=Path, default=ROOT / "var", help="directory of the data and logs")
    chosen = parser.parse_args()
    state = chosen.state.resolve()
    if chosen.data and not Path(chosen.data).exists():
        raise ServerTrouble(f"there is nothing at DATA={chosen.data}")
    began = time.monotonic()
    with only_runner(state):
        look_at_port(chosen.port)
        settle_environment(state, chosen.port)
        servers = Servers(state, database="DATABASE_URL" not in os.environ, broker="REDIS_URL" not in os.environ)
        say("starting " + (" and ".join(server.name for server in servers.all()) or "on the servers that DATABASE_URL and REDIS_URL name"))
        if servers.postgres.data.parent != state:
            say(f"PostgreSQL runs as nobody, who may not enter this directory: its data are in {servers.postgres.data}")
        try:
            servers.start()
            os.environ.update(servers.environment())
            data = str(Path(chosen.data).resolve()) if chosen.data else ""
            mover = stream(url=os.environ["PUBLIC_URL"], data=data, speed=chosen.speed)
            asyncio.run(run(servers, chosen.port, mover, began))
        finally:
            servers.stop()


if __name__ == "__main__":
    try:
        main()
    except (ServerTrouble, CommandError) as trouble:
        sys.exit(f"HealthHub: {trouble}")
    except PermissionError as denied:
        sys.exit(f"HealthHub: {denied.filename} belongs to another account (root, perhaps): run as that one, or remove it.")
    except KeyboardInterrupt:
        sys.exit(130)
