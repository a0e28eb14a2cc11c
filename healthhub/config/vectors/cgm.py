"""Cases of CGM metrics: the file lists series, each with its data file, figures, episodes and hourly percentiles."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from healthhub.lib.refused import Invalid
from risk import cgm
from risk.cgm_files import traces
from risk.cgm_grid import Trace

Case = Mapping[str, Any]
SHARED = Path(__file__).parents[4] / "shared"
BROLL = "broll_iglu_5_subjects.csv"
# The example the package ships alone is the first person of its five.
ALONE, FIRST = "example_data_1_subject", "Subject 1"
# The recordings of that file are in UTC; the days of the reference figures are those of Eastern standard time.
EASTERN = 5 * 60
TOLERANCE = 1e-4
LEVELS = {
    ("hypo", "lv1"): "low",
    ("hypo", "lv2"): "very_low",
    ("hypo", "extended"): "extended_low",
    ("hypo", "lv1_excl"): "low_only",
    ("hyper", "lv1"): "high",
    ("hyper", "lv2"): "very_high",
    ("hyper", "lv1_excl"): "high_only",
}


def cases(head: Mapping[str, Any], path: Path) -> list[Case]:
    """This function will make one case of every figure, episode line and percentile line of the file."""
    return [case for series in head.get("series", ()) for case in _of_series(series, path)]


def _of_series(series: Mapping[str, Any], path: Path) -> Iterator[Case]:
    where = {"folder": str(path.parent), "data": series["data"], "series": series["id"]}
    for one in series.get("metrics", ()):
        yield {**one, "id": f"{series['id']} {one['metric']}", "inputs": where | {"metric": one["metric"]}}
    for one in series.get("episodes", ()):
        level = LEVELS[one["type"], one["level"]]
        expected = {name: value for name, value in one.items() if name.startswith("avg_") or name == "total_episodes"}
        yield {
            "id": f"{series['id']} episodes {level}",
            "inputs": where | {"episodes": level},
            "expected": expected,
            "tolerance": one.get("tolerance", TOLERANCE),
            "status": one.get("status"),
        }
    hourly = series.get("agp_hourly", {})
    for name, expected in hourly.items():
        if name.startswith("p") and name[1:].isdigit():
            yield {
                "id": f"{series['id']} hourly {name}",
                "inputs": where | {"percentile": int(name[1:])},
                "expected": expected,
                "tolerance": hourly.get("tolerance", TOLERANCE),
                "status": hourly.get("status"),
            }


def answer(case: Case) -> Any:
    """This function will compute what the case asks of its series."""
    inputs = case["inputs"]
    readings, metrics = _computed(inputs["folder"], inputs["data"], inputs["series"])
    if "episodes" in inputs:
        found = metrics.episodes[inputs["episodes"]]
        return {
            "total_episodes": found.count,
            "avg_ep_per_day": found.per_day,
            "avg_ep_duration": found.minutes,
            "avg_ep_gl": found.mean,
        }
    if "percentile" in inputs:
        percentile = inputs["percentile"]
        profile = cgm.profile(readings.by_wall, percentiles=(percentile,), fewest=1)
        return [float(value) for minutes, value in zip(profile.minutes, profile.lines[percentile], strict=True) if minutes % 60 == 0]
    return _figures(readings, metrics)[inputs["metric"]]


def _figures(readings: Trace, one: cgm.Metrics) -> dict[str, Any]:
    """The figures by the names of the cases."""
    glucose, bands, spread = readings.glucose, one.bands, one.spread
    hypo_below_80 = cgm.grade_shares(glucose, low=80)[0]  # the package's default, under which the shares do not sum to 100
    _, eugly, hyper = cgm.grade_shares(glucose)
    cv_mean, cv_sd = cgm.daily_cv(readings.by_wall)
    return {
        "mean": one.mean, "median": one.median, "SD": one.sd, "CV": one.cv, "IQR": one.iqr, "range": one.span, "GMI": one.gmi,
        "eA1C": one.ea1c, "J_index": one.j_index, "LBGI": one.lbgi, "HBGI": one.hbgi, "ADRR": one.adrr, "GRADE": one.grade,
        "GRADE_eugly": eugly, "GRADE_hyper": hyper, "GRADE_hypo": hypo_below_80, "GRI": one.gri, "GVP": one.gvp,
        "hyper_index": one.hyper_index, "hypo_index": one.hypo_index, "IGC": one.hyper_index + one.hypo_index,
        "M_value": one.m_value, "MAD": one.mad, "MAG": one.mag, "MAGE": one.mage, "MODD": one.modd,
        **{f"CONGA{hours}": value for hours, value in one.conga.items()},
        "sd_roc": one.sd_of_rate, "hourly_auc": one.hourly_auc, "AUC_hourly_correct": one.hourly_auc,
        "above_140": _share(glucose > 140), "above_180": bands.high + bands.very_high, "above_250": bands.very_high,
        "below_54": bands.very_low, "below_70": bands.very_low + bands.low,
        "in_range_63_140": _share((glucose >= 63) & (glucose <= 140)), "in_range_70_180": bands.in_range,
        "active_percent": one.wear.active_percent, "COGI": one.cogi, "PGS": one.pgs, "CVmean": cv_mean, "CVsd": cv_sd,
        "SDw": spread.within_days, "SDhhmm": spread.of_mean_day, "SDwsh": spread.within_hour, "SDdm": spread.of_daily_means,
        "SDb": spread.between_days, "SDbdm": spread.between_days_adjusted,
    }  # fmt: skip


def _share(inside: Any) -> float:
    return 100 * float(inside.mean())


@lru_cache(maxsize=8)
def _computed(folder: str, data: str, series: str) -> tuple[Trace, cgm.Metrics]:
    if ALONE in series:
        file, subject = f"data/cgm/{BROLL}", FIRST
    else:
        file, subject = data.split(" ")[0], series.rpartition("_subject ")[2]
    readings = _file(str(_found(Path(folder), file)))[subject]
    return readings, cgm.metrics(readings)


@lru_cache(maxsize=4)
def _file(path: str) -> dict[str, Trace]:
    return traces(Path(path), behind_minutes=EASTERN if path.endswith(BROLL) else 0)


def _found(folder: Path, file: str) -> Path:
    """The data file: beside the cases, in a folder above them, or where the tests have their data."""
    for place in (folder, *folder.resolve().parents, SHARED, SHARED / "vectors"):
        if (place / file).is_file():
            return place / file
    raise Invalid(f"The data file {file} is not there.", code="no_data", field="data")
