"""docs/settings.md names every variable that the settings read, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_setting_is_documented() -> None:
    code = (ROOT / "healthhub/config/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'(?:env\.\w+|required)\(\s*"([A-Z_]+)"', code))
    page = set(re.findall(r"`([A-Z_]{4,})`", (ROOT / "docs/settings.md").read_text(encoding="utf-8")))
    assert read <= page
    assert page - read == {"CHROMIUM"}
