"""Everything that can be checked without running the product's tests: `make check`. Runs all, then says what failed."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from healthhub.config.servers import ROOT, Servers
from tools.bootstrap import node_path, prepare_packages

BIN = Path(sys.executable).parent
CODE = ["healthhub", "monitoring", "risk", "notifications", "tools", "tests", "manage.py"]
TYPED = ["healthhub", "monitoring", "risk", "notifications", "tools"]
HOUSE = ROOT.parent / "shared" / "tools" / "house.py"
# Made up: they let the production settings load, and nothing listens on them.
PRODUCTION = {
    "HEALTHHUB_MODE": "production",
    "SECRET_KEY": "made-up-for-the-check-Zq8vT3mXw1pLr6kYc9bNd4sFh7jGa2eU5",
    "ALLOWED_HOSTS": "health.example.org",
    "PUBLIC_URL": "https://health.example.org",
}


def ran(name: str, command: Sequence[str | Path], environment: dict[str, str]) -> bool:
    """This function will run one check, show its output when it failed, and say how long it took."""
    started = time.monotonic()
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def checks(environment: dict[str, str]) -> list[bool]:
    node = node_path()
    prepare_packages(node)  # built files may have come from elsewhere
    test = environment | {"HEALTHHUB_MODE": "test", "SECRET_KEY": PRODUCTION["SECRET_KEY"]}
    results = [
        ran("ruff", [BIN / "ruff", "check", *CODE], {}),
        ran("format", [BIN / "ruff", "format", "--check", *CODE], {}),
        ran("import contracts", [BIN / "lint-imports"], test),
        ran("types", [BIN / "mypy", *TYPED], test),
        ran("types of the pages' scripts", [shutil.which("npm", path=node) or "npm", "run", "--silent", "types"], {"PATH": node}),
        ran("migrations", [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"], test),
        ran("deployment settings", [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], environment | PRODUCTION),
        ran("words", [sys.executable, "tools/words.py"], test),
    ]
    if HOUSE.exists():
        results.append(ran("house figures", [sys.executable, HOUSE, "--gate"], {}))
    return results


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="healthhub-check-") as directory:
        state = Path(directory)
        state.chmod(0o711)
        servers = Servers(state, durable=False)
        servers.start()
        try:
            return 0 if all(checks(servers.environment())) else 1
        finally:
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
