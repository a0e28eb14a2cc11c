"""Every verified case of the vectors beside the project passes; CGM cases are made from series, and their faults are their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from healthhub.config.vectors.families import FAMILIES
from healthhub.config.vectors.run import check

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not beside this checkout")


def run(*paths: Path) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return check([str(path) for path in paths], lines.append), lines


@needs_vectors
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.stem)
def test_every_verified_case_passes(family: Any) -> None:
    good, lines = run(VECTORS / f"{family.stem}.json")
    assert good, "\n".join(lines)
    assert not lines[-1].startswith("0 passed")


@needs_vectors
def test_unverified_reference_figures_are_told_apart() -> None:
    lines = run(VECTORS / "cgm_metrics.json")[1]
    told = [line for line in lines if line.startswith("unverified")]
    assert told
    assert all("hourly_auc" in line or "agrees" in line for line in told)
    assert f"{len(told)} unverified, not counted" in lines


def series(folder: Path, **change: Any) -> Path:
    """A recording of four days at 100 mg/dL, and a file of cases about it."""
    rows = [f"A,2026-01-0{1 + minute // 1440} {minute % 1440 // 60:02d}:{minute % 60:02d}:00,100" for minute in range(5, 4 * 1440, 5)]
    (folder / "flat.csv").write_text("id,time,gl\n" + "\n".join(rows), encoding="utf-8")
    metrics = [{"metric": "mean", "expected": 100, "tolerance": 1e-4, "status": "verified"}]
    low = {"type": "hypo", "level": "lv1", "total_episodes": 0, "avg_ep_per_day": 0, "avg_ep_duration": 0, "avg_ep_gl": None}
    one = {"id": "A", "data": "flat.csv", "metrics": metrics, "episodes": [low | {"status": "verified"}]}
    one["agp_hourly"] = {"p50": [100.0] * 24, "status": "verified", "tolerance": 0.01}
    path = folder / "cgm_metrics.json"
    path.write_text(json.dumps({"series": [one | change]}), encoding="utf-8")
    return path


def test_figures_episodes_and_percentiles_are_cases(tmp_path: Path) -> None:
    assert run(series(tmp_path)) == (True, ["3 passed, 0 failed"])


@pytest.mark.parametrize(
    ("change", "last"),
    [
        ({"data": "nowhere.csv"}, "0 passed, 3 failed"),
        ({"id": "B"}, "0 passed, 3 failed"),
        ({"metrics": [{"metric": "mood", "expected": 1, "status": "verified"}]}, "2 passed, 1 failed"),
        ({"metrics": [{"metric": "mean", "expected": 101, "tolerance": 1e-4, "status": "verified"}]}, "2 passed, 1 failed"),
        ({"metrics": [{"metric": "mean", "expected": 101, "status": "unverified"}]}, "2 passed, 0 failed"),
        ({"episodes": [{"type": "hypo", "level": "lv9"}]}, "0 passed, 0 failed"),
    ],
)
def test_faults_of_a_series_are_told(tmp_path: Path, change: dict[str, Any], last: str) -> None:
    good, lines = run(series(tmp_path, **change))
    assert lines[-1] == last
    assert good is (last == "2 passed, 0 failed")
