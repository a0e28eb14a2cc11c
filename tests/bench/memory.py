"""(e) The memory of everything at rest: each process's own pages, and its share of those it has in common with others (PSS)."""

from pathlib import Path

from tests.bench.house import House
from tests.bench.table import Table

MB = 1024  # smaps counts in kB


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    return found


def _family(pid: int, children: dict[int, list[int]]) -> list[int]:
    return [pid, *(member for child in children.get(pid, []) for member in _family(child, children))]


def _pss(pid: int) -> int:
    """In kB; 0 for a process that has just ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


def measure(house: House, table: Table) -> None:
    """This function will print the memory of all processes by name, and in all."""
    table.part("(e) memory at rest, proportional set size")
    children = _children()
    heads = {name: process.pid for name, process in house.running.items()}
    heads |= {server.name: server.process.pid for server in house.servers.all() if server.process is not None}
    whole = 0.0
    for name, pid in heads.items():
        family = _family(pid, children)
        used = sum(map(_pss, family)) / MB
        whole += used
        table.add(f"{name} ({len(family)} processes)", used, "MB")
    table.add("all", whole, "MB", goal=600)
