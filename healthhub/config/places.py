"""Where the embedded servers may live: directories that their account can enter, and nobody else.

PostgreSQL refuses to run as root. Both servers then become `nobody`, who must be able to reach binaries, data and sockets;
directories that are closed to others stay closed, and the servers' things move elsewhere instead.
"""

import hashlib
import os
import pwd
import shutil
import tempfile
from pathlib import Path

LONGEST_SOCKET_DIRECTORY = 80  # sun_path holds 107 bytes, and the servers add file names of their own


def account() -> str:
    """This function will name the account the servers run under: "" for our own, `nobody` when we are root."""
    return "nobody" if os.geteuid() == 0 else ""


def own_name() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def reachable(directory: Path) -> bool:
    """This function will tell whether the servers' account may enter the directory (every parent lets it pass)."""
    return not account() or all(parent.stat().st_mode & 0o001 for parent in [directory, *directory.parents])


def belongs_to_servers(directory: Path) -> None:
    """This function will hand an existing directory to the servers' account and close it to all others."""
    if account():
        person = pwd.getpwnam(account())
        os.chown(directory, person.pw_uid, person.pw_gid)
    directory.chmod(0o700)


def home_for(state: Path) -> Path:
    """This function will give the directory in which the servers may keep data that belongs to `state`.

    That is `state` itself, except for root in a checkout under a closed directory (such as /root): `nobody` cannot get
    there, and opening it to everyone is not ours to do. The data then live under /var/lib, named after the checkout.
    """
    state.mkdir(parents=True, exist_ok=True)
    if reachable(state.resolve()):
        return state
    digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
    home = Path("/var/lib/healthhub-demo") / digest
    home.mkdir(parents=True, exist_ok=True)
    for opened in (home.parent, home):
        opened.chmod(0o711)
    return home


def socket_directory() -> Path:
    """This function will make a fresh private directory, short enough for a unix socket, open to the servers' account only."""
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base)) > LONGEST_SOCKET_DIRECTORY - 12 or not reachable(base):
        base = Path("/tmp")  # mkdtemp makes a private directory in it
    made = Path(tempfile.mkdtemp(prefix="hh-", dir=base))
    belongs_to_servers(made)
    return made


def runnable(package: Path, state: Path) -> Path:
    """This function will give the installed package's directory in a place where the servers' account may run its binaries.

    That is where it is, or a copy made once. The libraries beside the package (`NAME.libs`) go along: binaries find them by
    their relative place.
    """
    if reachable(package):
        return package
    copy = home_for(state) / f"{package.name}-{int(package.stat().st_mtime)}"
    if not copy.exists():
        half = Path(tempfile.mkdtemp(dir=copy.parent))
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, half / part.name, symlinks=True)
        half.chmod(0o755)
        half.rename(copy)
    return copy / package.name
