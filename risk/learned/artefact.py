"""A trained model as it is kept: boosters as LightGBM text, everything else as JSON; and how rows are scored by it.

Serving needs lightgbm and numpy only. A model has one or more heads (five years and ten, thirty minutes and sixty); each has a booster
of the model's features, in one order, and its own way from the raw score to a value with an interval.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from healthhub.lib.refused import Invalid
from risk.cards import HERE

Floats = NDArray[np.float64]
THREADS = 1  # of one prediction: worker processes are the unit of parallel work


@dataclass(frozen=True)
class Scored:
    """Scores of n rows by one head: raw score, value with interval, contributions (n x features) and base (n).

    base + the sum of contributions is the raw score. Risks are probabilities 0-1; of other heads the value is in the head's unit.
    """

    raw: Floats
    value: Floats
    low: Floats
    high: Floats
    base: Floats
    contributions: Floats


@dataclass(frozen=True)
class Head:
    """One answer of a model.

    `gives` is "risk" (raw log odds through a calibration curve) or "value" (raw + the column `offset`, if any, in `unit`). A value's
    interval comes from two further boosters of the same features, widened by `margin` (conformalised quantile regression, Romano 2019).
    """

    name: str
    gives: str
    unit: str
    booster: lightgbm.Booster
    curve: Mapping[str, list[float]] | None = None
    offset: str = ""
    low: lightgbm.Booster | None = None
    high: lightgbm.Booster | None = None
    margin: float = 0.0

    def score(self, rows: Floats, names: Sequence[str], *, explained: bool = True) -> Scored:
        """This function will score rows (n x features, NaN where missing). Without `explained`, contributions are empty."""
        if explained:
            parts = np.asarray(self.booster.predict(rows, pred_contrib=True, num_threads=THREADS), dtype=np.float64)
            base, contributions = parts[:, -1], parts[:, :-1]
            raw = parts.sum(axis=1)
        else:
            raw = np.asarray(self.booster.predict(rows, raw_score=True, num_threads=THREADS), dtype=np.float64)
            base, contributions = np.full(len(rows), np.nan), np.empty((len(rows), 0))
        value, low, high = self._value(raw, rows, names)
        return Scored(raw, value, low, high, base, contributions)

    def _value(self, raw: Floats, rows: Floats, names: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        if self.gives == "risk":
            if self.curve is None:
                raise ValueError(f"{self.name}: a risk needs its calibration curve")
            knots = np.asarray(self.curve["raw"])
            value, low, high = (np.interp(raw, knots, np.asarray(self.curve[one])) for one in ("value", "low", "high"))
            return value, low, high
        offset = rows[:, list(names).index(self.offset)] if self.offset else 0.0
        value = raw + offset
        if self.low is None or self.high is None:
            return value, value - self.margin, value + self.margin
        low = np.asarray(self.low.predict(rows, num_threads=THREADS)) + offset - self.margin
        high = np.asarray(self.high.predict(rows, num_threads=THREADS)) + offset + self.margin
        return value, np.minimum(low, value), np.maximum(high, value)


@dataclass(frozen=True)
class Artefact:
    """A trained model: its heads by name (the first is the main one), its features in order, and `meta`.

    `meta` holds: version, trained_at (ISO, UTC), seed, data (name, sha256, rows), features ([{name, low, high, edges, shares}] where
    low-high is the trained range and edges/shares are the deciles for PSI), reach (share of features that must be present),
    figures (those of training, printed by the card), population, limits.
    """

    key: str
    heads: Mapping[str, Head]
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.meta["version"])

    @property
    def names(self) -> list[str]:
        return [one["name"] for one in self.meta["features"]]

    @property
    def main(self) -> Head:
        return next(iter(self.heads.values()))

    def head(self, name: str) -> Head:
        """This function will give the head of that name. Raises Invalid(code="unknown_head")."""
        if name not in self.heads:
            raise Invalid(f"The model {self.key} does not give {name!r}.", code="unknown_head", field="head")
        return self.heads[name]

    def score(self, rows: Floats, *, head: str = "", explained: bool = True) -> Scored:
        """This function will score rows whose columns are `names`, in that order."""
        return (self.head(head) if head else self.main).score(rows, self.names, explained=explained)

    def files(self) -> dict[str, str]:
        """This function will give the artefact as texts by file name: one a booster, and model.json."""
        texts, listed = {}, []
        for name, head in self.heads.items():
            files = {part: one for part in ("booster", "low", "high") if (one := getattr(head, part)) is not None}
            for part, booster in files.items():
                texts[f"{name}.{part}.txt"] = booster.model_to_string(importance_type="gain")
            listed.append(
                {"name": name, "gives": head.gives, "unit": head.unit, "curve": head.curve, "offset": head.offset, "margin": head.margin}
                | {"files": sorted(files)}
            )
        body = {"key": self.key, "heads": listed, "meta": self.meta}
        return texts | {"model.json": json.dumps(body, ensure_ascii=False, indent=1) + "\n"}

    def save(self, folder: Path) -> None:
        """This function will write the artefact into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files().items():
            (folder / name).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Artefact":
        """This function will read what `save` wrote. Raises Invalid(code="no_artefact") where there is nothing."""
        if not (folder / "model.json").is_file():
            raise Invalid(f"There is no trained model in {folder.name}.", code="no_artefact", field="model")
        return cls.of(texts_of(folder))

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Artefact":
        """This function will read an artefact from the texts that `files` gave."""
        body = json.loads(texts["model.json"])
        heads = {}
        for one in body["heads"]:
            boosters: dict[str, Any] = {part: lightgbm.Booster(model_str=texts[f"{one['name']}.{part}.txt"]) for part in one["files"]}
            told: dict[str, Any] = {key: value for key, value in one.items() if key != "files"}
            heads[one["name"]] = Head(**told, **boosters)
        return cls(body["key"], heads, body["meta"])


def texts_of(folder: Path) -> dict[str, str]:
    """This function will give the texts of a saved artefact, with what is told of it, by file name."""
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.suffix in (".json", ".txt")}


@cache
def committed(key: str) -> Artefact:
    """This function will give the artefact that is part of this release, read once per process."""
    return Artefact.read(HERE / key)


def described(table: Mapping[str, Floats], names: Sequence[str]) -> list[dict[str, Any]]:
    """This function will describe the training columns: the trained range (0.1 to 99.9 %), and inner decile edges with shares for PSI.

    `shares` has one more entry than bins: the last is the share of missing values.
    """
    rows = []
    for name in names:
        column = np.asarray(table[name], dtype=np.float64)
        known = column[~np.isnan(column)]
        low, high = np.quantile(known, [0.001, 0.999])
        edges = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9)))
        counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
        shares = [*counts, len(column) - len(known)]
        rows.append(
            {
                "name": name,
                "low": _digits(low),
                "high": _digits(high),
                "edges": [_digits(x) for x in edges],
                "shares": [round(float(count) / len(column), 5) for count in shares],
            }
        )
    return rows


def _digits(value: float) -> float:
    return float(f"{value:.6g}")
