"""`python -m tests.bench.lighthouse DIRECTORY`: Lighthouse's accessibility figure of the main pages, signed in as each page's reader.

Lighthouse is too heavy to belong to the house: install it somewhere with `npm i --no-save lighthouse`, and name that directory.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.house import HOST, House

PAGES = ("home", "log-bp", "trend-bp", "worklist", "chart", "programme", "operations")
CHROME = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"


def main(directory: Path) -> int:
    """This function will print a line for each page; gives how many are below 100."""
    if not (directory / "node_modules" / "lighthouse").is_dir():
        sys.exit(f"There is no Lighthouse in {directory}: run `npm i --no-save lighthouse` there.")
    house = House()
    try:
        house.open()
        from tests.bench import budgets  # noqa: PLC0415 - Django reads its settings from what the house has just settled

        asked = budgets.signed_in(house, PAGES)
        return sum(_figure(directory, f"http://{HOST}:{house.ports['web']}{path}", name, cookie) < 100 for name, path, cookie in asked)
    finally:
        house.close()


def _figure(directory: Path, url: str, name: str, cookie: str) -> int:
    words = [
        "npx",
        "--no-install",
        "lighthouse",
        url,
        "--only-categories=accessibility",
        "--output=json",
        "--output-path=stdout",
        "--quiet",
    ]
    words += [f"--extra-headers={json.dumps({'Cookie': cookie})}", f"--chrome-flags={CHROME}"]
    from tests.web.browsing import CHROMIUM  # noqa: PLC0415 - as above

    done = subprocess.run(words, cwd=directory, env=os.environ | {"CHROME_PATH": CHROMIUM}, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    figure = round(100 * told["categories"]["accessibility"]["score"])
    missed = [key for key, audit in told["audits"].items() if audit["score"] == 0]
    print(f"| {name} | {figure} | {', '.join(missed)} |", flush=True)
    return figure


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]).resolve()) else 0)
