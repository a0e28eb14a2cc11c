"""`python -m tests.faults --kills 200`: the long form, by hand. Prints its counts as one table; exit status 1 on any fault."""

import argparse
import importlib
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import django
from django.core.management import call_command

from healthhub.config.servers import Servers
from tests.faults.house import House, environment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--patients", type=int, default=13)
    parser.add_argument("--outages", type=int, default=4, help="of Redis and of PostgreSQL each")
    parser.add_argument("--away", type=float, default=6.0, help="seconds that an outage lasts")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two batches of one device")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    state = Path(tempfile.mkdtemp(prefix="healthhub-faults-"))
    state.chmod(0o711)
    # With fsync: what is acknowledged must outlive a server that is stopped in the middle of a commit.
    house = House(Servers(state), random.Random(chosen.seed))
    try:
        house.servers.start()
        os.environ.update(environment(house.servers))
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        # Only now: models cannot be imported before the servers run and the settings are known.
        story = importlib.import_module("tests.faults.run")
        size = story.Size(
            kills=chosen.kills, patients=chosen.patients, outages=chosen.outages, away=chosen.away, pause=chosen.pause, drain=180
        )
        verdict = story.run(house, size, chosen.seed)
        show(verdict.counts, verdict.wrong)
        if verdict.wrong:
            print(house.words(), file=sys.stderr)
        return 1 if verdict.wrong else 0
    finally:
        house.close()
        shutil.rmtree(state, ignore_errors=True)


def show(counts: dict[str, object], wrong: list[str]) -> None:
    width = max(len(name) for name in counts)
    for name, value in counts.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        print(f"{name:<{width}}  {shown}")
    print("\n".join(f"WRONG: {fault}" for fault in wrong) or "nothing is wrong")


if __name__ == "__main__":
    sys.exit(main())
