"""CGM recordings from CSV files with the columns id, time (wall clock) and gl (mg/dL)."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from risk.cgm_grid import Times, Trace, trace


def traces(path: Path, *, behind_minutes: int = 0) -> dict[str, Trace]:
    """This function will read the recordings of a file by id. `behind_minutes` is how far the wall clock was behind the file's times."""
    times: dict[str, list[str]] = defaultdict(list)
    values: dict[str, list[float]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            times[row["id"]].append(row["time"])
            values[row["id"]].append(float(row["gl"] or "nan"))
    behind = np.timedelta64(behind_minutes * 60, "s")
    walls: dict[str, Times] = {key: np.array(texts, dtype="datetime64[s]") for key, texts in times.items()}
    return {key: trace(np.asarray(wall - behind, dtype="datetime64[s]"), np.array(values[key])) for key, wall in walls.items()}
