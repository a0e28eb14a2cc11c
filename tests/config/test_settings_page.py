"""docs/settings.md names every variable that the settings read, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_setting_is_documented() -> None:
    code = (ROOT / "healthhub/config/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'(?:env\.\w+|required)\(\s*"([A-Z_]+)"', code))
    rows = [line.split("|")[1] for line in (ROOT / "docs/settings.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    page = set(re.findall(r"`([A-Z_]+)`", " ".join(rows)))
    assert read <= page
    assert page - read == {"CHROMIUM"}
