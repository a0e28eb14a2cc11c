"""CGM report: consensus metrics and the ambulatory glucose profile of one person's readings (mg/dL, wall clock).

Definitions: Rodbard 2009 (Diabetes Technol Ther 11:S55) and the papers named at each function. Where papers leave room
(grid, interpolation, sliding windows) the choices are those of iglu 4.3 (Broll 2021, PLoS ONE 16:e0248560), so that
figures can be compared with it; agreement proves that and no more.
"""

from dataclasses import dataclass
from math import exp

import numpy as np

from healthhub.lib.derived import estimated_a1c
from risk.cgm_grid import Floats, Grid, Trace
from risk.episodes import EXTENDED, Summary, episodes, summary, without
from risk.mage import mage
from risk.scores.gmi import gmi

# The five bands in mg/dL: very low, low, in range, high, very high. Range limits belong to the range.
VERY_LOW, LOW, HIGH, VERY_HIGH = 54.0, 70.0, 180.0, 250.0
GMI_DAYS, GMI_WEAR = 14, 70.0
REPORT_DAYS, REPORT_WEAR = 10, 70.0
PERCENTILES = (5, 25, 50, 75, 95)
FEWEST_PER_SLOT = 5


@dataclass(frozen=True, slots=True)
class Bands:
    """Percent of readings in each of the five bands; they sum to 100."""

    very_low: float
    low: float
    in_range: float
    high: float
    very_high: float

    def whole(self) -> dict[str, int]:
        """This function will round the bands to whole percents that still sum to 100 (largest remainder)."""
        names = ("very_low", "low", "in_range", "high", "very_high")
        exact = np.array([getattr(self, name) for name in names])
        floors = np.floor(exact + 1e-9)
        order = np.argsort(-(exact - floors), kind="stable")
        floors[order[: round(100 - floors.sum())]] += 1
        return {name: int(value) for name, value in zip(names, floors, strict=True)}

    def shown(self) -> dict[str, str]:
        """This function will write the bands for people: whole percents, and "<1 %" for what is there but less than a half."""
        whole = self.whole()
        return {name: "<1 %" if 0 < getattr(self, name) < 0.5 else f"{value} %" for name, value in whole.items()}


@dataclass(frozen=True, slots=True)
class Wear:
    """How long the sensor was worn: days from first to last reading, and percent of the expected readings present."""

    days: float
    active_percent: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Deviations by Rodbard: within days, of the mean day, within an hour, of daily means, between days, and that less the daily mean."""

    within_days: float
    of_mean_day: float
    within_hour: float
    of_daily_means: float
    between_days: float
    between_days_adjusted: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one trace, in mg/dL and percent; None where the data do not allow one."""

    n: int
    wear: Wear
    mean: float
    median: float
    sd: float
    cv: float
    iqr: float
    span: float
    mad: float
    gmi: float
    gmi_showable: bool
    ea1c: float
    bands: Bands
    j_index: float
    lbgi: float
    hbgi: float
    adrr: float
    grade: float
    gri: float
    m_value: float
    hyper_index: float
    hypo_index: float
    cogi: float
    mage: float | None
    modd: float | None
    conga: dict[int, float | None]
    mag: float
    gvp: float
    sd_of_rate: float
    hourly_auc: float
    spread: Spread
    pgs: float
    episodes: dict[str, Summary]


def metrics(readings: Trace) -> Metrics:
    """This function will compute the consensus metrics. Shares are of raw readings; what needs an even spacing uses the grid."""
    glucose, course, days = readings.glucose, readings.by_elapsed, readings.by_wall
    mean, sd = float(glucose.mean()), float(glucose.std(ddof=1))
    worn, bands = wear(readings), time_in_bands(glucose)
    low, high = quantile(glucose, 25), quantile(glucose, 75)
    hypo, hyper = glycaemic_control(glucose)
    variability = gvp(course)
    return Metrics(
        n=len(glucose),
        wear=worn,
        mean=mean,
        median=float(np.median(glucose)),
        sd=sd,
        cv=100 * sd / mean,
        iqr=high - low,
        span=float(np.ptp(glucose)),
        mad=1.4826 * float(np.median(np.abs(glucose - np.median(glucose)))),
        gmi=gmi(mean_mg_dl=mean),
        gmi_showable=worn.days >= GMI_DAYS and worn.active_percent >= GMI_WEAR,
        ea1c=estimated_a1c(mean),
        bands=bands,
        j_index=0.001 * (mean + sd) ** 2,
        lbgi=blood_glucose_risk(glucose)[0],
        hbgi=blood_glucose_risk(glucose)[1],
        adrr=adrr(readings),
        grade=float(grade_points(glucose).mean()),
        gri=gri(bands),
        m_value=float((1000 * np.abs(np.log10(glucose / 90)) ** 3).mean()),
        hyper_index=hyper,
        hypo_index=hypo,
        cogi=cogi(bands, sd),
        mage=mage(readings),
        modd=modd(days),
        conga={hours: conga(course, hours) for hours in (1, 4, 24)},
        mag=mag(course),
        gvp=variability,
        sd_of_rate=sd_of_rate(course),
        hourly_auc=hourly_auc(course),
        spread=spread(days, course),
        pgs=pgs(course, mean=mean, in_range=bands.in_range, variability=variability),
        episodes=episode_table(course),
    )


def quantile(values: Floats, percent: float) -> float:
    """This function will give a percentile with linear interpolation (type 7)."""
    return float(np.percentile(values, percent))


def time_in_bands(glucose: Floats) -> Bands:
    """This function will give the share of readings in the five bands (Battelino 2019, Diabetes Care 42:1593)."""
    edges = (glucose < VERY_LOW, (glucose >= VERY_LOW) & (glucose < LOW), (glucose >= LOW) & (glucose <= HIGH))
    above = ((glucose > HIGH) & (glucose <= VERY_HIGH), glucose > VERY_HIGH)
    return Bands(*(100 * float(inside.mean()) for inside in (*edges, *above)))


def wear(readings: Trace) -> Wear:
    """This function will give days worn and the percent of expected readings that are there (Danne 2017, Diabetes Care 40:1631)."""
    step, gaps = int(np.round(np.median(readings.gaps))), readings.gaps
    minutes = float(gaps.sum())
    expected = round(round(minutes) / step) + 1
    long = gaps[np.round(gaps) > step]
    lost = round((float(long.sum()) - len(long) * step) / step)
    return Wear(minutes / 1440, 100 * (expected - lost) / expected)


def blood_glucose_risk(glucose: Floats) -> tuple[float, float]:
    """This function will give LBGI and HBGI, the low and high blood glucose indices (Kovatchev 1997, Diabetes Care 20:1655)."""
    scaled = _symmetric(glucose)
    low, high = np.minimum(scaled, 0) * (glucose < 112.5), np.maximum(scaled, 0) * (glucose >= 112.5)
    return 22.77 * float((low**2).mean()), 22.77 * float((high**2).mean())


def _symmetric(glucose: Floats) -> Floats:
    return np.asarray(np.log(glucose) ** 1.084 - 5.381, dtype=np.float64)


def adrr(readings: Trace) -> float:
    """This function will give the average daily risk range (Kovatchev 2006, Diabetes Care 29:2433), by wall-clock days."""
    risk = _symmetric(readings.glucose)
    order = np.argsort(readings.wall.astype("datetime64[D]"), kind="stable")
    _, first = np.unique(readings.wall.astype("datetime64[D]")[order], return_index=True)
    lowest = np.minimum(np.minimum.reduceat(risk[order], first), 0)
    highest = np.maximum(np.maximum.reduceat(risk[order], first), 0)
    return float((22.77 * (lowest**2 + highest**2)).mean())


def grade_points(glucose: Floats) -> Floats:
    """This function will give the GRADE points of each reading, 50 at most (Hill 2007, Diabet Med 24:753)."""
    return np.minimum(50, 425 * (np.log10(np.log10(glucose / 18)) + 0.16) ** 2)


def grade_shares(glucose: Floats, *, low: float = 70, high: float = 140) -> tuple[float, float, float]:
    """This function will give the percent of GRADE from readings below `low`, from `low` to `high`, and above; they sum to 100."""
    points = grade_points(glucose)
    below, above = glucose < low, glucose > high
    return tuple(100 * float(points[part].sum() / points.sum()) for part in (below, ~below & ~above, above))  # type: ignore[return-value]


def gri(bands: Bands) -> float:
    """This function will give the glycaemia risk index, 0-100 (Klonoff 2023, J Diabetes Sci Technol 17:1226)."""
    return min(100.0, 3 * bands.very_low + 2.4 * bands.low + 1.6 * bands.very_high + 0.8 * bands.high)


def glycaemic_control(glucose: Floats) -> tuple[float, float]:
    """This function will give the hypoglycaemia and hyperglycaemia indices (Rodbard 2009); their sum is the IGC."""
    hyper = np.maximum(glucose - 140, 0) ** 1.1
    hypo = np.maximum(80 - glucose, 0) ** 2
    return float(hypo.sum()) / (30 * len(glucose)), float(hyper.sum()) / (30 * len(glucose))


def cogi(bands: Bands, sd: float) -> float:
    """This function will give the continuous glucose monitoring index, 0-100 (Leelarathna 2020, Diabetes Technol Ther 22:349)."""
    low = 1 - min(bands.very_low + bands.low, 15) / 15
    steady = 1 - (min(max(sd, 18), 108) - 18) / 90
    return 0.5 * bands.in_range + 35 * low + 15 * steady


def modd(days: Grid) -> float | None:
    """This function will give the mean of absolute differences at the same clock time on consecutive days (Molnar 1972)."""
    return _mean_or_none(np.abs(np.diff(days.days, axis=0)).ravel())


def conga(course: Grid, hours: int) -> float | None:
    """This function will give CONGA-n: the deviation of differences over n hours (McDonnell 2005); None with fewer than two."""
    if hours * 60 >= course.course.size * course.step:
        return None
    differences = course.lag(hours * 60)
    known = differences[~np.isnan(differences)]
    return float(known.std(ddof=1)) if len(known) > 1 else None


def mag(course: Grid) -> float:
    """This function will give the mean absolute glucose change per hour (Hermanides 2010, Crit Care Med 38:1430)."""
    return float(np.nanmean(np.abs(course.lag(course.step)))) * 60 / course.step


def gvp(course: Grid) -> float:
    """This function will give the glycaemic variability percentage: how much longer the curve is than a flat one (Peyser 2018)."""
    steps = course.lag(course.step)
    return 100 * (float(np.nanmean(np.hypot(course.step, steps))) / course.step - 1)


def sd_of_rate(course: Grid) -> float:
    """This function will give the deviation of the rate of change over 15 minutes, each rate to two decimals (Clarke 2009)."""
    return float(np.nanstd(np.round(course.lag(15) / 15, 2), ddof=1))


def hourly_auc(course: Grid) -> float:
    """This function will give the mean area under the curve per hour, by trapezoids between known neighbours."""
    values = course.course
    return float(np.nanmean((values[1:] + values[:-1]) / 2))


def spread(days: Grid, course: Grid) -> Spread:
    """This function will give the deviations of Rodbard 2009 (Diabetes Technol Ther 11:551)."""
    known = days.days[~np.isnan(days.days).all(axis=1)]
    daily = np.nanmean(known, axis=1, keepdims=True)
    return Spread(
        within_days=_mean(_sd(known, axis=1)),
        of_mean_day=_one_sd(_column_means(known)),
        within_hour=_mean(_sliding_sd(course.course, round(60 / course.step))),
        of_daily_means=_one_sd(daily.ravel()),
        between_days=_mean(_sd(known, axis=0)),
        between_days_adjusted=_mean(_sd(known - daily, axis=0)),
    )


def daily_cv(days: Grid) -> tuple[float, float]:
    """This function will give the mean and the deviation of each day's coefficient of variation in percent."""
    known = days.days[~np.isnan(days.days).all(axis=1)]
    each = 100 * _sd(known, axis=1) / np.nanmean(known, axis=1)
    return _mean(each), _one_sd(each)


def pgs(course: Grid, *, mean: float, in_range: float, variability: float) -> float:
    """This function will give the personal glycaemic state (Hirsch 2017, Diabetes Technol Ther 19:S38); lows of 20 minutes, ended by 30."""
    very_low = episodes(course, "very_low", shortest=20, recovery=30)
    only_low = without(episodes(course, "low", shortest=20, recovery=30), very_low)
    weekly_very_low, weekly_low = (7 * summary(course, found).per_day for found in (very_low, only_low))
    by_variability = 1 + 9 / (1 + exp(-0.049 * (variability - 65.47)))
    by_range = 1 + 9 / (1 + exp(0.0833 * (in_range - 55.04)))
    by_mean = 1 + 9 * (1 / (1 + exp(0.1139 * (mean - 72.08))) + 1 / (1 + exp(-0.09195 * (mean - 157.57))))
    by_very_low = 0.5 + 4.5 * (1 - exp(-0.81093 * weekly_very_low))
    by_low = 0.5714 * weekly_low + 0.625 if weekly_low <= 7.65 else 5.0
    return by_variability + by_range + by_mean + by_very_low + by_low


def episode_table(course: Grid) -> dict[str, Summary]:
    """This function will sum up the episodes by level; `low_only` and `high_only` never reach the second level."""
    found = {kind: episodes(course, kind) for kind in ("low", "very_low", "high", "very_high")}
    found["extended_low"] = episodes(course, "low", shortest=EXTENDED + course.step)
    found["low_only"] = without(found["low"], found["very_low"])
    found["high_only"] = without(found["high"], found["very_high"])
    return {kind: summary(course, one) for kind, one in found.items()}


@dataclass(frozen=True, slots=True)
class Profile:
    """The modal day: minutes since midnight of each slot (step to 1440), days counted in it, and percentile -> mg/dL (NaN in a gap)."""

    minutes: tuple[int, ...]
    counts: tuple[int, ...]
    lines: dict[int, Floats]


def profile(days: Grid, *, percentiles: tuple[int, ...] = PERCENTILES, fewest: int = FEWEST_PER_SLOT) -> Profile:
    """This function will give the percentiles across days at each slot of the clock; slots with fewer than `fewest` days are gaps."""
    counts = np.count_nonzero(~np.isnan(days.days), axis=0)
    enough = counts >= max(fewest, 1)
    lines = np.full((len(percentiles), days.days.shape[1]), np.nan)
    if enough.any():
        lines[:, enough] = np.nanpercentile(days.days[:, enough], percentiles, axis=0)
    minutes = tuple(range(days.step, 1440 + days.step, days.step))
    return Profile(minutes, tuple(counts.tolist()), dict(zip(percentiles, lines, strict=True)))


def enough_for_report(worn: Wear) -> bool:
    """This function will tell whether a profile may be shown; with less than 10 days or 70 % only the single days are."""
    return worn.days >= REPORT_DAYS and worn.active_percent >= REPORT_WEAR


def _sd(values: Floats, *, axis: int) -> Floats:
    """Sample deviations along an axis; NaN where fewer than two values are known."""
    counts = np.count_nonzero(~np.isnan(values), axis=axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nansum(values, axis=axis, keepdims=True) / counts
        squares = np.nansum((values - means) ** 2, axis=axis, keepdims=True)
        found = np.where(counts > 1, np.sqrt(squares / (counts - 1)), np.nan)
    return np.asarray(found.squeeze(axis), dtype=np.float64)


def _one_sd(values: Floats) -> float:
    return float(_sd(values, axis=0))


def _column_means(values: Floats) -> Floats:
    filled = ~np.isnan(values).all(axis=0)
    return np.asarray(np.nanmean(values[:, filled], axis=0), dtype=np.float64)


def _sliding_sd(course: Floats, width: int) -> Floats:
    return _sd(np.lib.stride_tricks.sliding_window_view(course, width), axis=1)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _mean_or_none(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
