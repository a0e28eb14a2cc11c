"""`make bench` (short form, under four minutes) and `make bench ARGS=--long`."""

import argparse
import sys
import time

from tests.bench.house import House
from tests.bench.table import Table

PARTS = "abcdefg"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--long", action="store_true", help="longer runs of every part, and 10 million readings")
    parser.add_argument("--parts", default=PARTS, help="which of the parts a to g, such as `--parts be`")
    chosen = parser.parse_args()
    began = time.monotonic()
    house, table = House(), Table()
    try:
        house.open()
        from tests.bench import run  # noqa: PLC0415 - Django reads its settings from what the house has just settled

        run.everything(house, table, long=chosen.long, parts=set(chosen.parts))
    finally:
        house.close()
    print(f"\n{time.monotonic() - began:.0f} s in all")
    missed = table.missed()
    for figure in missed:
        print(f"missed: {figure.line()}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
