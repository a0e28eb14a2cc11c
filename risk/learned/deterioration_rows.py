"""Features of the 48 hours before a moment, from readings in them only: one code for files of hospital stays and for living people.

Values are in the catalogue's canonical units; columns that no home has (blood gases, ventilation, urine) may be missing altogether.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healthhub.records.catalogue import CUFFLESS, SUSPICIOUS
from risk.history import History, Known, Reading
from risk.scores.words import Words, words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = dict[str, Floats]
WINDOW = 2880.0  # minutes
LATE = 1440.0  # from here on it is the second day
LEAST_FOR_SLOPE = 3
LEAST_SPAN = 60.0  # minutes between first and last reading of a slope
LEFT_OUT = SUSPICIOUS | CUFFLESS
# Glasgow Coma Scale by code of consciousness (A, C, V, P, U): medians of McNarry and Goldhill, Anaesthesia 2004;59:34-37; C is ours.
GCS_OF_ACVPU = (15.0, 14.0, 13.0, 8.0, 6.0)
USUAL_WEIGHT = 80.0  # kg, where urine per kg is asked of somebody never weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One vital or laboratory value: its names in the file with the factor to `unit`, where a living record holds it, what is possible.

    Values outside `low`-`high` (in `unit`) are slips of recording and are left out. `stats` are keys of STATS.
    """

    name: str
    label: Words
    unit: str
    group: str
    params: tuple[str, ...]
    low: float
    high: float
    stats: tuple[str, ...]
    factor: float = 1.0
    kinds: tuple[str, ...] = ()
    part: str = "value"


STATS = {
    "last": words("末次", "last"),
    "mean": words("均值", "mean"),
    "low": words("最低", "lowest"),
    "high": words("最高", "highest"),
    "sd": words("标准差", "SD"),
    "slope": words("每日变化", "change per day"),
    "late": words("后24小时均值", "mean of the last 24 h"),
    "late_low": words("后24小时最低", "lowest of the last 24 h"),
    "late_high": words("后24小时最高", "highest of the last 24 h"),
    "first": words("首次", "first"),
    "total": words("合计", "total"),
    "late_total": words("后24小时合计", "total of the last 24 h"),
}
NAMES = tuple(STATS)
VITAL = ("last", "mean", "low", "high", "sd", "slope", "late", "late_low", "late_high")
OXYGEN = ("first", "last", "mean", "high", "late")
LAB = ("first", "last", "mean", "low", "high", "slope")


def _v(
    name: str, zh: str, en: str, unit: str, group: str, params: str, low: float, high: float, *, stats: tuple[str, ...] = LAB,
    factor: float = 1.0, kinds: tuple[str, ...] = (), part: str = "value",
) -> Variable:  # fmt: skip
    return Variable(
        name=name,
        label=words(zh, en),
        unit=unit,
        group=group,
        params=tuple(params.split()),
        low=low,
        high=high,
        stats=stats,
        factor=factor,
        kinds=kinds,
        part=part,
    )


VARIABLES: tuple[Variable, ...] = (
    _v("hr", "心率", "heart rate", "/min", "heart_rate", "HR", 20, 300, stats=VITAL, kinds=("hr",)),
    _v("rr", "呼吸频率", "respiratory rate", "/min", "breathing", "RespRate", 3, 80, stats=VITAL, kinds=("rr",)),
    _v("spo2", "血氧饱和度", "oxygen saturation", "%", "breathing", "SaO2", 50, 100, stats=VITAL, kinds=("spo2",)),
    _v("temp", "体温", "temperature", "Cel", "temperature", "Temp", 30, 43, stats=VITAL, kinds=("temp",)),
    _v("sbp", "收缩压", "systolic pressure", "mm[Hg]", "blood_pressure", "SysABP NISysABP", 30, 300, stats=VITAL, kinds=("bp",)),
    _v("dbp", "舒张压", "diastolic pressure", "mm[Hg]", "blood_pressure", "DiasABP NIDiasABP", 10, 200, stats=VITAL, kinds=("bp",),
       part="value2"),
    _v("map", "平均动脉压", "mean arterial pressure", "mm[Hg]", "blood_pressure", "MAP NIMAP", 20, 220, stats=VITAL, kinds=("bp",),
       part="mean"),
    _v("gcs", "格拉斯哥昏迷评分", "Glasgow Coma Scale", "{score}", "consciousness", "GCS", 3, 15, stats=VITAL,
       kinds=("gcs", "consciousness")),
    _v("creatinine", "肌酐", "creatinine", "umol/L", "kidney", "Creatinine", 5, 2500, factor=88.4, kinds=("creatinine",)),
    _v("urea_nitrogen", "尿素氮", "urea nitrogen", "mmol/L", "kidney", "BUN", 0.3, 90, factor=0.357, kinds=("urea_nitrogen",)),
    _v("glucose", "血糖", "glucose", "mmol/L", "glucose", "Glucose", 0.6, 70, factor=1 / 18.0182, kinds=("glucose", "fpg")),
    _v("potassium", "钾", "potassium", "mmol/L", "electrolytes", "K", 1.5, 12, kinds=("potassium",)),
    _v("sodium", "钠", "sodium", "mmol/L", "electrolytes", "Na", 95, 185, kinds=("sodium",)),
    _v("bicarbonate", "碳酸氢根", "bicarbonate", "mmol/L", "electrolytes", "HCO3", 3, 60, kinds=("bicarbonate",)),
    _v("lactate", "乳酸", "lactate", "mmol/L", "electrolytes", "Lactate", 0.2, 32, kinds=("lactate",)),
    _v("magnesium", "镁", "magnesium", "mmol/L", "electrolytes", "Mg", 0.1, 5, factor=0.4114),
    _v("wbc", "白细胞", "white cells", "10*9/L", "blood_count", "WBC", 0.1, 200, kinds=("wbc",)),
    _v("haematocrit", "红细胞压积", "haematocrit", "%", "blood_count", "HCT", 8, 65, kinds=("haematocrit",)),
    _v("platelets", "血小板", "platelets", "10*9/L", "blood_count", "Platelets", 3, 1500, kinds=("platelets",)),
    _v("bilirubin", "胆红素", "bilirubin", "umol/L", "liver", "Bilirubin", 1, 900, factor=17.104, kinds=("bilirubin",)),
    _v("albumin", "白蛋白", "albumin", "g/L", "liver", "Albumin", 8, 60, factor=10.0, kinds=("albumin",)),
    _v("alp", "碱性磷酸酶", "alkaline phosphatase", "U/L", "liver", "ALP", 5, 3000, kinds=("alp",)),
    _v("ast", "谷草转氨酶", "AST", "U/L", "liver", "AST", 1, 30000),
    _v("alt", "谷丙转氨酶", "ALT", "U/L", "liver", "ALT", 1, 30000),
    _v("weight", "体重", "weight", "kg", "body", "Weight", 25, 300, stats=("first", "last", "slope"), kinds=("weight",)),
    _v("ph", "动脉血pH", "arterial pH", "{pH}", "electrolytes", "pH", 6.5, 8.0),
    _v("pco2", "动脉二氧化碳分压", "arterial PCO2", "mm[Hg]", "breathing", "PaCO2", 5, 150),
    _v("po2", "动脉氧分压", "arterial PO2", "mm[Hg]", "breathing", "PaO2", 20, 600),
    _v("fio2", "吸入氧浓度", "inspired oxygen", "{fraction}", "breathing", "FiO2", 0.2, 1.0, stats=OXYGEN),
    _v("ventilated", "机械通气", "mechanical ventilation", "{records}", "breathing", "MechVent", 0, 1, stats=("total", "late_total")),
    _v("urine", "尿量", "urine", "mL", "kidney", "Urine", 0, 5000, stats=("total", "late_total", "last", "sd")),
    _v("troponin_t", "肌钙蛋白T", "troponin T", "ug/L", "history", "TroponinT", 0, 100, stats=("high",)),
    _v("troponin_i", "肌钙蛋白I", "troponin I", "ug/L", "history", "TroponinI", 0, 200, stats=("high",)),
)  # fmt: skip
OF_PARAM = {param: number for number, one in enumerate(VARIABLES) for param in one.params}
BASE = tuple(f"{one.name}_{stat}" for one in VARIABLES for stat in one.stats)


@dataclass(frozen=True, slots=True)
class Derived:
    """A column made of others."""

    name: str
    label: Words
    unit: str
    group: str
    of: Callable[[Mapping[str, Floats]], Floats]


def _change(name: str) -> Derived:
    one = next(each for each in VARIABLES if each.name == name)
    begin = "first" if "first" in one.stats else "mean"
    zh, en = f"{one.label['zh-hans']}（末次减{STATS[begin]['zh-hans']}）", f"{one.label['en']}, last minus {STATS[begin]['en']}"
    return Derived(f"{name}_change", words(zh, en), one.unit, one.group, lambda c: c[f"{name}_last"] - c[f"{name}_{begin}"])


def _per_kg(total: str) -> Callable[[Mapping[str, Floats]], Floats]:
    return lambda c: c[total] / np.where(np.isnan(c["weight_last"]), USUAL_WEIGHT, c["weight_last"])


CHANGES = ("gcs", "creatinine", "urea_nitrogen", "lactate", "bicarbonate", "platelets", "wbc", "ph", "bilirubin", "sodium", "potassium")
DERIVED: tuple[Derived, ...] = (
    Derived("shock_last", words("休克指数（末次）", "shock index, last"), "{ratio}", "heart_rate", lambda c: c["hr_last"] / c["sbp_last"]),
    Derived("shock_high", words("休克指数（最坏）", "shock index, worst"), "{ratio}", "heart_rate", lambda c: c["hr_high"] / c["sbp_low"]),
    Derived("pf_last", words("氧合指数（末次）", "PaO2/FiO2, last"), "mm[Hg]", "breathing", lambda c: c["po2_last"] / c["fio2_last"]),
    Derived("pf_low", words("氧合指数（最低）", "PaO2/FiO2, lowest"), "mm[Hg]", "breathing", lambda c: c["po2_low"] / c["fio2_high"]),
    Derived("urine_kg", words("每公斤尿量", "urine per kg"), "mL/kg", "kidney", _per_kg("urine_total")),
    Derived("urine_kg_late", words("每公斤尿量（后24小时）", "urine per kg, last 24 h"), "mL/kg", "kidney", _per_kg("urine_late_total")),
    Derived(
        "urea_creatinine",
        words("尿素氮/肌酐", "urea nitrogen to creatinine"),
        "{ratio}",
        "kidney",
        lambda c: 1000 * c["urea_nitrogen_last"] / c["creatinine_last"],
    ),
    Derived(
        "sodium_bicarbonate",
        words("钠减碳酸氢根", "sodium minus bicarbonate"),
        "mmol/L",
        "electrolytes",
        lambda c: c["sodium_last"] - c["bicarbonate_last"],
    ),
    *(_change(name) for name in CHANGES),
)


def columns(person: Ints, variable: Ints, minute: Floats, value: Floats, people: int) -> Columns:
    """This function will summarise readings by person (0 to people-1) and variable (number in VARIABLES), values in canonical units.

    `minute` counts from the start of the window. Readings outside the window, or impossible, are left out. Gives BASE and DERIVED
    columns by name, NaN where nothing is known.
    """
    low, high = (np.asarray([getattr(one, end) for one in VARIABLES]) for end in ("low", "high"))
    kept = (minute >= 0) & (minute <= WINDOW) & (value >= low[variable]) & (value <= high[variable])
    person, variable, minute, value = person[kept], variable[kept], minute[kept], value[kept]
    order = np.lexsort((minute, variable, person))
    cell, minute, value = (person * len(VARIABLES) + variable)[order], minute[order], value[order]
    table = np.full((people * len(VARIABLES), len(NAMES)), np.nan)
    if len(cell):
        _fill(table, cell, minute, value, ("first", "last", "mean", "low", "high", "sd", "slope", "total"), "")
    late = minute >= LATE
    if late.any():
        _fill(table, cell[late], minute[late], value[late], ("mean", "low", "high", "total"), "late_")
    cube = table.reshape(people, len(VARIABLES), len(NAMES))
    found = {f"{one.name}_{stat}": cube[:, number, NAMES.index(stat)] for number, one in enumerate(VARIABLES) for stat in one.stats}
    return found | {one.name: one.of(found) for one in DERIVED}


def of_history(history: History, as_of: datetime) -> dict[str, Known]:
    """This function will give the columns of a living person from what was measured in the 48 hours up to `as_of`."""
    start = as_of - timedelta(minutes=WINDOW)
    variables, minutes, values = [], [], []
    newest: dict[int, datetime] = {}
    for number, one in enumerate(VARIABLES):
        for kind in one.kinds:
            for reading in history.readings.get(kind, ()):
                value = _value(reading, kind, one.part)
                if start <= reading.at <= as_of and not reading.flags & LEFT_OUT and value is not None:
                    variables.append(number)
                    minutes.append((reading.at - start) / timedelta(minutes=1))
                    values.append(value)
                    newest[number] = max(reading.at, newest.get(number, reading.at))
    if not values:
        return {}
    each = np.asarray(variables, dtype=np.int64)
    found = columns(np.zeros(len(each), dtype=np.int64), each, np.asarray(minutes), np.asarray(values), 1)
    at = {f"{one.name}_{stat}": newest.get(number) for number, one in enumerate(VARIABLES) for stat in one.stats}
    last = max(newest.values())
    return {name: Known(float(column[0]), at.get(name) or last) for name, column in found.items() if not np.isnan(column[0])}


def _value(reading: Reading, kind: str, part: str) -> float | None:
    if kind == "consciousness":
        return GCS_OF_ACVPU[int(reading.value)]
    if part == "value":
        return reading.value
    if reading.value2 is None:
        return None
    return reading.value2 if part == "value2" else (reading.value + 2 * reading.value2) / 3


def _fill(table: Floats, cell: Ints, minute: Floats, value: Floats, stats: Sequence[str], prefix: str) -> None:
    starts = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    ends = np.r_[starts[1:], len(cell)]
    n = (ends - starts).astype(np.float64)
    total = np.add.reduceat(value, starts)
    mean = total / n
    found = {
        "first": value[starts],
        "last": value[ends - 1],
        "mean": mean,
        "low": np.minimum.reduceat(value, starts),
        "high": np.maximum.reduceat(value, starts),
        "total": total,
    }
    if "sd" in stats:
        away = value - np.repeat(mean, ends - starts)
        found["sd"] = np.where(n > 1, np.sqrt(np.add.reduceat(away**2, starts) / np.maximum(n - 1, 1)), np.nan)
        days = minute / 1440.0
        off = days - np.repeat(np.add.reduceat(days, starts) / n, ends - starts)
        square = np.add.reduceat(off**2, starts)
        known = (n >= LEAST_FOR_SLOPE) & (minute[ends - 1] - minute[starts] >= LEAST_SPAN)
        found["slope"] = np.where(known, np.add.reduceat(off * away, starts) / np.where(known, square, 1.0), np.nan)
    for stat in stats:
        name = {"late_mean": "late"}.get(prefix + stat, prefix + stat)
        table[cell[starts], NAMES.index(name)] = found[stat]
