"""The patient can read what was done: every act that the house logs has its words in both languages."""

import ast
from pathlib import Path

from healthhub.audit.words import OTHERWISE, WORDS, words_for

ROOT = Path(__file__).resolve().parents[2]
HOUSE = [path for room in ("healthhub", "monitoring", "notifications", "risk") for path in (ROOT / room).rglob("*.py")]


def logged() -> set[str]:
    """Every constant `did=` that is passed to something called `record...` or to a door that passes it on."""
    found = set()
    for path in HOUSE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "did" and isinstance(node.value, ast.Constant):
                found.add(node.value.value)
    return {did for did in found if "." in did}


def test_every_act_has_words() -> None:
    assert logged() - WORDS.keys() == set()


def test_words_are_in_both_languages_and_dids_fit_the_column() -> None:
    for did, words in {**WORDS, "": OTHERWISE}.items():
        assert set(words) == {"en", "zh-hans"}
        assert len(did) <= 40
    assert words_for("new.thing")["en"].endswith("(new.thing)")
