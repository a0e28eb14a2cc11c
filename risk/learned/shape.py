"""What every learned model offers: what it asks for, how it is trained from files, and how an artefact of it is judged on files."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from healthhub.lib.refused import Invalid
from risk.history import History, Known
from risk.learned.artefact import Artefact, described
from risk.learned.boosting import SEED, Say
from risk.learned.card import About
from risk.learned.inputs import Feature
from risk.learned.report import Report
from risk.scores.words import Words


@dataclass(frozen=True, slots=True)
class Band:
    """A band of the main head's value: stable key (of risk.scores.words.BANDS), lowest value in it, how severe a rise into it is.

    `severity` is none, info, watch, amber or urgent. `margin`: how far below `lowest` the value must fall before the band is left.
    """

    key: str
    lowest: float
    severity: str = "none"
    margin: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Learned:
    """One learned model.

    `train(files, say)` gives the artefact and the report of its own cross-validation; `evaluate(files, artefact)` judges an artefact
    on files of the same columns. `live`: whether it is computed for patients by itself when relevant readings come in. `every`: at
    most this often. `reach`: the share of features that must be known, `required` ones apart. `staff_only`: never shown to patients.
    """

    key: str
    about: About
    features: tuple[Feature, ...]
    bands: tuple[Band, ...]
    files: tuple[str, ...]  # what each file must hold, in order, in words for the command's refusal
    train: Callable[[Sequence[Path], Say], tuple[Artefact, Report]]
    evaluate: Callable[[Sequence[Path], Artefact], Report]
    # Columns without a `take`: from what was known at a moment (readings up to it only), by name; those it cannot tell are left out.
    derive: Callable[[History, datetime], Mapping[str, Known]] | None = None
    # What `derive` reads: kind of reading -> how far back.
    derives_from: Mapping[str, timedelta] = field(default_factory=dict)
    live: bool = False
    every_minutes: int = 60
    reach: float = 0.5
    staff_only: bool = False
    not_for: frozenset[str] = frozenset()  # conditions under which it must not be used

    @property
    def name(self) -> Words:
        return self.about.name

    def as_dict(self) -> dict[str, Any]:
        """This function will give what pages and the API tell of the model (they do not load it): names, bands, inputs."""
        return {
            "key": self.key,
            "name": dict(self.about.name),
            "what": dict(self.about.what),
            "not_for": dict(self.about.not_for),
            "staff_only": self.staff_only,
            "live": self.live,
            "every_minutes": self.every_minutes,
            "kinds": sorted(self.reach_back()),
            "bands": [asdict(band) for band in self.bands],
            "features": [
                {"name": one.name, "label": dict(one.label), "unit": one.unit, "group": one.group, "required": one.required}
                | {"changeable": one.changeable, "how": one.how, "monotone": one.monotone}
                for one in self.features
            ],
        }

    def reach_back(self) -> dict[str, timedelta]:
        """This function will say how far back the model reads each kind of reading."""
        far = dict(self.derives_from)
        for one in self.features:
            if one.take is not None and one.take.kind:
                far[one.take.kind] = max(far.get(one.take.kind, timedelta(0)), one.take.within)
        return far

    def feature(self, name: str) -> Feature:
        """This function will give the feature of that name."""
        return next(one for one in self.features if one.name == name)


def meta(table: pd.DataFrame, features: Sequence[Feature], files: Sequence[Path], *, reach: float, **more: Any) -> dict[str, Any]:
    """This function will give the metadata every artefact carries; the version is the day and a digest of data and features."""
    names = [one.name for one in features]
    data = [_file(file) for file in files]
    today = datetime.now(UTC)
    mark = hashlib.sha256(repr([names, [one["sha256"] for one in data], sorted(more)]).encode()).hexdigest()[:6]
    return {
        "version": f"{today:%Y.%m.%d}-{mark}",
        "trained_at": today.isoformat(timespec="seconds"),
        "seed": SEED,
        "data": data,
        "features": described({name: table[name].to_numpy(dtype=float) for name in names}, names),
        "reach": reach,
        **more,
    }


def frame(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """This function will read a CSV (plain or .gz). Raises Invalid(code="no_file" | "missing_columns", field=the column)."""
    if not file.is_file():
        raise Invalid(f"There is no file {file}.", code="no_file", field="data")
    table = pd.read_csv(file, low_memory=False)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise Invalid(f"{file.name} lacks the columns {', '.join(missing)}.", code="missing_columns", field=missing[0])
    return table


def digest(file: Path) -> str:
    """This function will give the SHA-256 of a file's bytes (hexadecimal)."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _file(file: Path) -> dict[str, Any]:
    table = pd.read_csv(file, low_memory=False)
    return {"name": file.name, "sha256": digest(file), "rows": len(table), "columns": len(table.columns)}
