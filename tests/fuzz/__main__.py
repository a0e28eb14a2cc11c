"""`python -m tests.fuzz --cases 5000`: the long form, by hand. Prints cases, statuses and failures; exit status 1 on any failure."""

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
from tests.fuzz import campaign


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=5000, help="at least so many, over all viewers")
    parser.add_argument("--examples", type=int, default=25, help="of each operation, for each viewer, in one round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--only", help="one viewer only")
    parser.add_argument("--keep", type=Path, help="keep what schemathesis said in this directory")
    chosen = parser.parse_args()
    state = Path(tempfile.mkdtemp(prefix="healthhub-fuzz-"))
    state.chmod(0o711)
    house = House(Servers(state, durable=False), random.Random(chosen.seed))
    tally = campaign.Tally()
    try:
        house.servers.start()
        os.environ.update(environment(house.servers))
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        # Only now: models cannot be imported before the servers run and the settings are known.
        fuzzed = importlib.import_module("tests.fuzz.things").fill()
        house.open(only=("web",))
        place = chosen.keep or state / "said"
        place.mkdir(parents=True, exist_ok=True)
        seed = chosen.seed
        while sum(tally.cases.values()) < chosen.cases:
            for name, headers in fuzzed.viewers.items():
                if chosen.only in (None, name):
                    one = campaign.Viewer(f"{name}-{seed}", headers, fuzzed.ids)
                    campaign.run(
                        url=house.url, viewer=one, place=place, tally=tally, examples=chosen.examples, seed=seed, phases=chosen.phases
                    )
                    house.tend()
            seed += 1
        print(tally.table())
        return 1 if tally.failures else 0
    finally:
        house.close()
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
