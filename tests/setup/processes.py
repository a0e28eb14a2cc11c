"""Finding processes by what they belong to, not by their names: other runs may go on beside ours."""

import os


def living(*traces: str) -> list[str]:
    """This function will give the processes whose environment, command line or working directory bears one of the traces."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        if int(number) == os.getpid():
            continue
        seen = "\0".join(_read(number, name) for name in ("environ", "cmdline")) + _directory(number)
        if any(trace in seen for trace in traces) and _state(number) not in ("Z", ""):
            found.append(f"{number} {_read(number, 'cmdline')[:300]}")
    return found


def _read(number: str, name: str) -> str:
    try:
        with open(f"/proc/{number}/{name}", "rb") as file:
            return file.read().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def _directory(number: str) -> str:
    try:
        return os.readlink(f"/proc/{number}/cwd")
    except OSError:
        return ""


def _state(number: str) -> str:
    return _read(number, "stat").rpartition(")")[2].strip()[:1]
