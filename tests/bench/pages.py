"""`python -m tests.bench.pages`: how fast the pages are in a real Chromium, on a slow phone and at a doctor's desk."""

import sys

from tests.bench.house import House
from tests.bench.table import Table


def main() -> None:
    house, table = House(), Table()
    try:
        house.open()
        from tests.bench import budgets  # noqa: PLC0415 - Django reads its settings from what the house has just settled

        budgets.measure(house, table)
    finally:
        house.close()
    for figure in table.missed():
        print(f"missed: {figure.line()}")
    sys.exit(1 if table.missed() else 0)


if __name__ == "__main__":
    main()
