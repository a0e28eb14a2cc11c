"""The NHANES mortality files as the models see them: features, who lived how long, and who may be counted at which horizon.

One row is one person, met once. Columns and units are those of the source; every value here is one a living record can hold too, or
it is no feature. Age is top-coded in the source (90 in 1988-1994, 85 to 2005-06, 80 after), so it is capped at 85 everywhere, in living
people as well; a coded 80 of a wave that stops at 80 means "80 or over" and is read as the mean such age of the waves that tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from healthhub.lib.refused import Invalid
from risk.learned.shape import frame

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]

HORIZONS: Mapping[str, int] = {"5y": 60, "10y": 120}  # months
OLDEST = 85.0
EIGHTY_OR_OVER = 83.4  # mean age of those 80 and over in 1999-2002, capped at 85
STOPS_AT_80 = 2007  # first wave whose age stops at 80
FOLLOWED_TO = 2015  # the end of follow-up, 31 December
NEWEST = 1999  # from this wave on: the newest waves of the training data, which calibrate
SURVEYED: Mapping[int, tuple[int, int]] = {1988: (1988, 1994)}  # all other waves: two years

OUTCOME = ("followup_months", "death_allcause")
# Outcomes, published biological ages, and what only a wave knows: none may ever be a feature.
NEVER = (*OUTCOME, "ucod_leading", "status", "kdm0", "phenoage0", "sampleID", "year")
BODY = ("bmi", "waist", "height", "weight")
LABS = (
    *("albumin", "alp", "bun", "creat", "glucose", "ttbl", "uap", "lymph", "mcv", "rbc", "rdw", "wbc", "crp", "hba1c"),
    *("hdl", "ldl", "trig", "totchol", "cyst", "ggt"),
)
SELF_RATED = "self_rated_health_1best_5worst"
COLUMNS = ("year", "age", "sex_1m_2f", "ethnicity", SELF_RATED, *BODY, "sbp", "dbp", *LABS, "phenoage0", *OUTCOME)
# The assay of 1988-1994 could not tell values below this; the same floor everywhere, or the booster would learn the wave from it.
LOWEST_CRP = 0.21
ETHNICITIES: Mapping[int, str] = {1: "white", 2: "black", 3: "Hispanic", 4: "other"}


@dataclass(frozen=True)
class People:
    """Persons: features by name (rows in order), months followed, death (1.0 or 0.0), wave, groups for the figures, PhenoAge (years)."""

    table: pd.DataFrame
    months: Floats
    died: Floats
    wave: Floats
    ethnicity: Floats
    phenoage: Floats

    def __len__(self) -> int:
        return len(self.table)

    def of(self, rows: Rows | NDArray[np.int64]) -> "People":
        """This function will give some of the persons, by mask or by number."""
        return People(
            self.table.loc[rows].reset_index(drop=True) if rows.dtype == bool else self.table.iloc[rows].reset_index(drop=True),
            *(getattr(self, name)[rows] for name in ("months", "died", "wave", "ethnicity", "phenoage")),
        )

    def outcome(self, months: int) -> Floats:
        """This function will give 1.0 for death within `months` of the interview, else 0.0 (of use for `known` rows only)."""
        return np.asarray((self.died == 1) & (self.months <= months), dtype=np.float64)

    def known(self, months: int) -> Rows:
        """This function will tell whose state after `months` is known: dead by then, or followed that long.

        Waves that end less than `months` before the end of follow-up are left out whole: of them only the dead would be known.
        """
        ends = np.asarray([SURVEYED.get(int(wave), (int(wave), int(wave) + 1))[1] for wave in self.wave])
        followed = ends + months / 12 <= FOLLOWED_TO
        return np.asarray(followed & ((self.outcome(months) == 1) | (self.months >= months)))

    @property
    def examined(self) -> Rows:
        """Who has what the models ask for: a blood pressure and a build (body mass index or waist)."""
        have = self.table.notna()
        return np.asarray(have["sbp"] & have["dbp"] & (have["bmi"] | have["waist"]))

    @property
    def newest(self) -> Rows:
        """Who is of the waves 1999-2002 (or later)."""
        return np.asarray(self.wave >= NEWEST)


def read(files: Sequence[Path]) -> People:
    """This function will read the files, one under the other. Raises Invalid(code="no_file" | "missing_columns" | "no_rows")."""
    source = pd.concat([frame(file, COLUMNS)[list(COLUMNS)] for file in files], ignore_index=True)
    source = source.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
    known = source[["year", "age", "sex_1m_2f", *OUTCOME]].notna().all(axis=1) & source["sex_1m_2f"].isin((1, 2))
    source = source[known & (source["age"] >= 18)].reset_index(drop=True)
    if source.empty:
        raise Invalid("No row has wave, age, sex and follow-up of an adult.", code="no_rows", field="data")
    columns = ("followup_months", "death_allcause", "year", "ethnicity", "phenoage0")
    return People(features(source), *(source[name].to_numpy(dtype=np.float64) for name in columns))


def features(source: pd.DataFrame) -> pd.DataFrame:
    """This function will give the columns of both models (units of the source), NaN where missing."""
    table = source[["sbp", "dbp", "bmi", "waist", *LABS]].astype(np.float64)
    eighty = (source["year"] >= STOPS_AT_80) & (source["age"] >= 80)
    table.insert(0, "age", capped(source["age"].where(~eighty, EIGHTY_OR_OVER).to_numpy(dtype=np.float64)))
    table.insert(1, "female", (source["sex_1m_2f"] == 2).astype(np.float64))
    table.insert(6, "self_rated_health", source[SELF_RATED].where(source[SELF_RATED].between(1, 5)))
    table["bmi"] = table["bmi"].fillna(pd.Series(body_mass(*(source[name].to_numpy(dtype=np.float64) for name in ("weight", "height")))))
    table["crp"] = table["crp"].clip(lower=LOWEST_CRP)
    return table


def capped(age: Floats) -> Floats:
    """This function will give the age (years) as the models see it: nobody is older than 85 to them."""
    return np.minimum(age, OLDEST, dtype=np.float64)


def body_mass(weight: Floats, height: Floats) -> Floats:
    """This function will give the body mass index (kg/m2) of weight (kg) and height (cm)."""
    return weight / (height / 100) ** 2
