"""The web process stays small: the science stack and the message gateways are the worker's."""

import subprocess
import sys

HEAVY = ("pandas", "numpy", "scipy", "statsmodels", "lightgbm", "sklearn", "apprise", "pywebpush", "aiohttp")


def test_the_web_process_imports_nothing_heavy() -> None:
    asked = f"import healthhub.config.wsgi, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
