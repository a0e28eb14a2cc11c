"""`check_vectors`: what it counts, what it names, and when it fails."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from healthhub.config.vectors.compare import agrees, places_named
from healthhub.config.vectors.run import check

ROOT = Path(__file__).resolve().parents[2]
MAP = {"id": "map", "inputs": {"sbp": 120, "dbp": 90}, "expected": {"map": 100, "pp": 30}, "tolerance": 0, "status": "verified"}


def file_of(folder: Path, name: str, *cases: dict[str, Any], **head: Any) -> str:
    path = folder / name
    path.write_text(json.dumps({"cases": list(cases), **head}), encoding="utf-8")
    return str(path)


def run(*paths: str) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return check(paths, lines.append), lines


def test_a_good_case_passes(tmp_path: Path) -> None:
    assert run(file_of(tmp_path, "derived_metrics.json", MAP)) == (True, ["1 passed, 0 failed"])


def test_a_wrong_case_is_printed_with_both_values(tmp_path: Path) -> None:
    good, lines = run(file_of(tmp_path, "derived_metrics.json", MAP, MAP | {"id": "wrong", "expected": {"map": 101}}))
    assert not good
    assert lines[-1] == "1 passed, 1 failed"
    assert "derived_metrics: wrong" in lines[0]
    assert "101" in lines[0]
    assert "100.0" in lines[0]


@pytest.mark.parametrize(
    "case",
    [
        {"id": "no inputs", "expected": 1, "status": "verified"},
        {"id": "foreign inputs", "inputs": {"shoe": 42}, "expected": 1, "status": "verified"},
        {"id": "no number", "inputs": {"sbp": "high", "dbp": 80}, "expected": {"map": 1}, "status": "verified"},
        {"id": "refused", "inputs": {"rr_ms": []}, "expected": {"sdnn": 1}, "status": "verified"},
        {"inputs": {"sbp": 120, "dbp": 80}, "status": "verified"},
    ],
)
def test_a_malformed_case_fails_alone(tmp_path: Path, case: dict[str, Any]) -> None:
    good, lines = run(file_of(tmp_path, "derived_metrics.json", case, MAP))
    assert not good
    assert lines[-1] == "1 passed, 1 failed"


def test_unverified_cases_are_told_apart(tmp_path: Path) -> None:
    hint = MAP | {"status": "unverified", "expected": {"map": 999}}
    good, lines = run(file_of(tmp_path, "derived_metrics.json", MAP, hint))
    assert good
    assert lines[-2:] == ["1 unverified, not counted", "1 passed, 0 failed"]


def test_files_nobody_answers_are_named(tmp_path: Path) -> None:
    unknown = file_of(tmp_path, "horoscope.json", MAP)
    file_of(tmp_path, "derived_metrics.json", MAP)
    (tmp_path / "some_coefficients.json").write_text("{}")
    (tmp_path / "README.md").write_text("not cases")
    assert run(str(tmp_path)) == (True, ["not known: horoscope.json", "table, no cases: some_coefficients.json", "1 passed, 0 failed"])
    assert run(unknown) == (False, ["not known: horoscope.json", "0 passed, 0 failed"])


def test_a_renamed_file_is_known_by_its_score(tmp_path: Path) -> None:
    assert run(file_of(tmp_path, "copy of last year.json", MAP, score="HRV, BMI, MAP"))[1] == ["1 passed, 0 failed"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cases": []}', '{"cases": {}}', "\ud800".encode("utf-8", "surrogatepass")])
def test_a_broken_file_is_a_failure(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "derived_metrics.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    good, lines = run(str(tmp_path))
    assert not good
    assert "derived_metrics.json" in lines[0]
    assert lines[-1] == "0 passed, 0 failed"


def test_a_path_that_is_not_there_is_a_failure() -> None:
    assert run("/nowhere/news2.json") == (False, ["not there: /nowhere/news2.json", "0 passed, 0 failed"])


@pytest.mark.parametrize(
    ("expected", "got", "tolerance", "places", "same"),
    [
        (3.9, 3.885, 0, None, True),  # as many decimals as it is written with
        (183, 182.9, 0, None, True),
        (183, 182.4, 0, None, False),
        (5.0, 5.04, 0, None, True),
        (0.123, 0.12349, 0, 3, True),
        (0.123, 0.1235, 0, 3, False),
        (100, 100.05, 0.05, None, True),
        (100, 100.06, 0.05, None, False),
        (100.4, 100.40000001, 1e-9, None, False),
        (1, True, 0, None, False),
        (True, 1, 0, None, False),
        (True, True, 0, None, True),
        (None, None, 0, None, True),
        ("red", "red", 0, None, True),
        ("red", None, 0, None, False),
        ({"a": 1}, {"a": 1, "b": 2}, 0, None, True),
        ({"a": 1, "b": 2}, {"a": 1}, 0, None, False),
        (["x", "y"], ["y", "x"], 0, None, True),  # codes have no order
        (["x"], ["x", "y"], 0, None, False),
        ([7, "high", True], (7, "high", True), 0, None, True),
        ([7, "high"], ["high", 7], 0, None, False),
        ([], [], 0, None, True),
        (1, float("nan"), 0.5, None, False),
    ],
)
def test_agreement(expected: Any, got: Any, tolerance: float, places: int | None, same: bool) -> None:
    assert agrees(expected, got, tolerance=tolerance, places=places) is same


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        (("nearest integer, half up",), 0),
        ((None, "percent, 1 dp"), 1),
        (("3 dp", "nearest integer"), 3),
        ((None, "points 0-51"), None),
        ((), None),
    ],
)
def test_rounding_asked_for_in_words(texts: tuple, places: int | None) -> None:
    assert places_named(*texts) == places


@pytest.mark.slow
def test_the_command_needs_no_database_and_answers_by_its_exit_status(tmp_path: Path) -> None:
    good = file_of(tmp_path, "derived_metrics.json", MAP)
    bad = file_of(tmp_path, "news2.json", MAP)
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    for paths, status in (([good], 0), ([bad], 1), ([good, bad], 1)):
        done = subprocess.run(
            [sys.executable, "manage.py", "check_vectors", *paths], cwd=ROOT, env=bare, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        assert done.stdout.splitlines()[-1].endswith("failed")
