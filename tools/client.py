"""`make client`: writes openapi.yaml as the views are now, and generates a typed Python client from it into build/healthhub_client.

The client is some 300 modules, so it is made anew and not committed. It needs the development requirements.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCHEMA, PLACE = ROOT / "openapi.yaml", ROOT / "build/healthhub_client"


# Settings want these; nothing of it is asked when the views are described.
NOWHERE = {
    "HEALTHHUB_MODE": "test", "SECRET_KEY": "made-up-to-describe-the-views-Zq8vT3mXw1pLr6kYc9bNd4sFh7jGa2eU5", "REDIS_URL": "redis://localhost",
    "DATABASE_URL": "postgres://nobody@localhost/none", "DJANGO_SETTINGS_MODULE": "healthhub.config.settings",
}  # fmt: skip


def schema() -> str:
    """This function will give the OpenAPI description of the views as YAML; a warning is a failure (CalledProcessError)."""
    words: list[str | Path] = [sys.executable, "-W", "ignore", "manage.py", "spectacular", "--fail-on-warn"]
    return subprocess.run(words, cwd=ROOT, env=os.environ | NOWHERE, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def generate(place: Path) -> None:
    """This function will make the client package of the committed description at `place`, anew."""
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        options = Path(folder) / "options.json"
        options.write_text(json.dumps({"post_hooks": []}))
        program = Path(sys.executable).with_name("openapi-python-client")
        words: list[str | Path] = [program, "generate", "--path", SCHEMA, "--output-path", place, "--meta", "none", "--config", options]
        subprocess.run(words, check=True, capture_output=True)


def main() -> None:
    """This function will write the description and make the client."""
    SCHEMA.write_text(schema(), encoding="utf-8")
    generate(PLACE)
    print(f"{SCHEMA.name} is written, the client is in {PLACE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
