"""Acute deterioration: death in hospital from vitals and laboratory values of the last 48 hours (PhysioNet/CinC Challenge 2012)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.history import History, Known
from risk.learned.artefact import Artefact
from risk.learned.boosting import Say
from risk.learned.calibration import platt
from risk.learned.card import About
from risk.learned.deterioration_rows import BASE, DERIVED, OF_PARAM, STATS, VARIABLES, WINDOW, columns, of_history
from risk.learned.inputs import Feature, Take
from risk.learned.measures import ap, auroc, event1
from risk.learned.proof import ByHead, Sample, Task, evaluate as judge, full, train as prove
from risk.learned.report import Report
from risk.learned.shape import Band, Learned, frame
from risk.scores.news2 import news2
from risk.scores.words import words

KEY = "deterioration"
Floats = NDArray[np.float64]
UNITS_OF_STAY = {1: ("冠心病监护室", "coronary care unit"), 2: ("心脏术后监护室", "cardiac surgery recovery unit"),
                 3: ("内科监护室", "medical ICU"), 4: ("外科监护室", "surgical ICU")}  # fmt: skip
# Where medicine knows the direction: more is worse (+1) or better (-1).
RISING = frozenset(
    {"fio2_last", "fio2_high"}
    | {f"{name}_{stat}" for name in ("urea_nitrogen", "lactate", "bilirubin") for stat in ("last", "high", "mean")}
)
FALLING = frozenset(
    {"urine_total", "urine_late_total", "urine_kg", "urine_kg_late", "pf_low", "pf_last", "spo2_low", "spo2_last", "spo2_late"}
    | {f"gcs_{stat}" for stat in ("last", "late", "late_high", "mean", "high")}
    | {f"albumin_{stat}" for stat in ("low", "last", "mean")}
)
REQUIRED = frozenset({"hr_last", "sbp_last", "spo2_last"})
HOME_VARIABLES = ("hr", "rr", "spo2", "temp", "sbp", "dbp", "map", "gcs", "weight", "glucose")
LINE = ("age", "gcs_last", "gcs_low", "hr_mean", "hr_high", "sbp_mean", "sbp_low", "temp_low", "temp_high", "urea_nitrogen_last",
        "urea_nitrogen_high", "creatinine_last", "wbc_high", "platelets_last", "sodium_last", "bicarbonate_last", "bilirubin_high",
        "haematocrit_last", "urine_total", "ventilated_total", "glucose_mean", "lactate_last", "ph_low", "albumin_low")  # fmt: skip


def _sign(name: str) -> int:
    return 1 if name in RISING else -1 if name in FALLING else 0


def _features() -> tuple[Feature, ...]:
    made = [
        Feature(
            name="age", label=words("年龄", "age"), unit="a", group="age", monotone=1, required=True, take=Take(fact="age"), how="look"
        ),
        Feature(name="female", label=words("女性", "female"), unit="", group="sex", take=Take(fact="female"), how="look"),
    ]
    for one in VARIABLES:
        for stat in one.stats:
            name, told = f"{one.name}_{stat}", STATS[stat]
            made.append(
                Feature(
                    name=name,
                    label=words(f"{one.label['zh-hans']}（{told['zh-hans']}）", f"{one.label['en']}, {told['en']}"),
                    unit=f"{one.unit}/d" if stat == "slope" else one.unit,
                    group=one.group,
                    monotone=_sign(name),
                    required=name in REQUIRED,
                    changeable=stat == "last" and one.name in HOME_VARIABLES,
                    how="measure" if one.name in HOME_VARIABLES else "order",
                )
            )
    made += [Feature(name=d.name, label=d.label, unit=d.unit, group=d.group, monotone=_sign(d.name)) for d in DERIVED]
    made += [
        Feature(name=f"icu_{number}", label=words(zh, en), unit="", group="hospital_use", how="look")
        for number, (zh, en) in UNITS_OF_STAY.items()
    ]
    return tuple(made)


FEATURES = _features()
HOME = ("age", "female", "shock_last", "shock_high", "gcs_change",
        *(name for name in BASE if name.rpartition("_")[0].removesuffix("_late") in HOME_VARIABLES))  # fmt: skip
DEMOGRAPHIC = ("Age", "Gender", "ICUType")


def load(files: Sequence[Path]) -> Sample:
    """This function will read readings (RecordID, minute, param, value) and outcomes (RecordID, In-hospital_death, SAPS-I) into rows."""
    readings = frame(files[0], ("RecordID", "minute", "param", "value"))
    outcomes = frame(files[-1], ("RecordID", "In-hospital_death", "SAPS-I"))
    place = {record: number for number, record in enumerate(outcomes["RecordID"])}
    readings = readings.assign(value=pd.to_numeric(readings["value"], errors="coerce"), person=readings["RecordID"].map(place))
    readings = readings.dropna(subset=["value", "person", "minute"])
    table = features(readings, len(outcomes))
    label = outcomes["In-hospital_death"].to_numpy(dtype=np.float64)
    saps = outcomes["SAPS-I"].to_numpy(dtype=np.float64)
    points = {"NEWS2, worst of the window": {"death": worst_news2(table)}, "SAPS-I": {"death": np.where(saps < 0, np.nan, saps)}}
    return Sample(
        table=table[[one.name for one in FEATURES]],
        labels={"death": label},
        groups=outcomes["RecordID"].to_numpy(),
        points=points,
        subgroups=_subgroups(table),
        remarks=("NEWS2: each parameter's worst points over the window, missing as normal; SAPS-I where the file has it.",),
    )


def features(readings: pd.DataFrame, people: int) -> pd.DataFrame:
    """This function will give one row per person (0 to people-1) from readings (person, minute, param, value as in the files)."""
    measured = readings[readings["param"].isin(OF_PARAM)]
    number = measured["param"].map(OF_PARAM).to_numpy(dtype=np.int64)
    factor = np.asarray([one.factor for one in VARIABLES])
    found = columns(
        measured["person"].to_numpy(dtype=np.int64),
        number,
        measured["minute"].to_numpy(dtype=np.float64),
        measured["value"].to_numpy(dtype=np.float64) * factor[number],
        people,
    )
    facts = readings[readings["param"].isin(DEMOGRAPHIC)].drop_duplicates(["person", "param"])
    fact = facts.pivot(index="person", columns="param", values="value").reindex(index=range(people), columns=list(DEMOGRAPHIC))
    found["age"] = fact["Age"].where(fact["Age"] >= 0).to_numpy(dtype=np.float64)
    found["female"] = (1 - fact["Gender"].where(fact["Gender"].isin([0, 1]))).to_numpy(dtype=np.float64)
    kind = fact["ICUType"].to_numpy(dtype=np.float64)
    for unit in UNITS_OF_STAY:
        found[f"icu_{unit}"] = np.where(np.isnan(kind), np.nan, kind == unit)
    return pd.DataFrame(found)


def worst_news2(table: pd.DataFrame) -> Floats:
    """This function will give NEWS2 per row: of each parameter the worse of its lowest and highest value, missing as normal."""
    normal = {"rr": 16.0, "spo2": 98.0, "sbp": 120.0, "hr": 75.0, "temp": 37.0, "gcs": 15.0}
    ends = {
        (name, end): table[f"{name}_{end}"].fillna(value).to_numpy(dtype=np.float64)
        for name, value in normal.items()
        for end in ("low", "high")
    }
    oxygen = ((table["fio2_high"] > 0.21) | (table["ventilated_total"] > 0)).to_numpy()
    return np.asarray([_news2(ends, bool(oxygen[row]), row) for row in range(len(table))], dtype=np.float64)


def _news2(ends: Mapping[tuple[str, str], Floats], oxygen: bool, row: int) -> int:
    found = []
    for end in ("low", "high"):
        rr, spo2, sbp, pulse, temp = (float(ends[name, end][row]) for name in ("rr", "spo2", "sbp", "hr", "temp"))
        level = "A" if ends["gcs", "low"][row] >= 15 else "V"
        found.append(news2(rr=rr, spo2=spo2, on_o2=oxygen, sbp=sbp, pulse=pulse, consciousness=level, temp=temp).points)
    return sum(max(each[name] for each in found) for name in found[0])


def _figures(labels: ByHead, scores: ByHead) -> dict[str, float]:
    return full(labels, scores) | {"event1": event1(labels["death"], scores["death"])}


def _ranked(labels: ByHead, scores: ByHead) -> dict[str, float]:
    y, p = labels["death"], scores["death"]
    return {"n": float(len(y)), "auroc": auroc(y, p), "ap": ap(y, p), "event1": event1(y, p)}


def _subgroups(table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    age = table["age"]
    groups = {"female": table["female"] == 1, "male": table["female"] == 0}
    groups |= {"age below 50": age < 50, "age 50-69": (age >= 50) & (age < 70), "age 70 and over": age >= 70}
    groups |= {en: table[f"icu_{number}"] == 1 for number, (_, en) in UNITS_OF_STAY.items()}
    groups |= {"ventilated": table["ventilated_total"] > 0, "never ventilated": table["ventilated_total"].isna()}
    return {name: each.to_numpy(dtype=bool) for name, each in groups.items()}


COMMON = {
    "objective": "binary",
    "learning_rate": 0.045,
    "min_data_in_leaf": 20,
    "bagging_fraction": 0.6,
    "lambda_l2": 10.0,
    "extra_trees": True,
}
TASK = Task(
    key=KEY,
    features=FEATURES,
    load=load,
    grid=(
        ({**COMMON, "num_leaves": 8, "feature_fraction": 0.2}, 520),
        ({**COMMON, "num_leaves": 16, "feature_fraction": 0.3}, 380),
    ),
    linear=LINE,
    thresholds=(0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    population="Adults in four kinds of American intensive care units, 2001-2008, one hospital; first 48 hours of the stay.",
    figures=_figures,
    ranked=_ranked,
    calibrate=platt,
    seeds=3,
    outer=10,
    inner=3,
    reach=0.1,
    views={"home vitals only": HOME},
    also=HOME,
    also_weight=0.4,
    whole_range=True,
    strength=0.1,
    remarks=(
        "SAPS-I, SOFA, length of stay and survival are outcomes or leaks and no features.",
        "Every stay is learned twice, the second time (at 0.4 of its weight) with home vitals only, so that the model "
        "holds where nothing else is measured: that costs up to 0.002 of AUROC on all columns and gives about 0.03 on home vitals.",
        "The line 'home vitals only' blanks every laboratory value, blood gas, ventilation, urine and the kind of unit.",
    ),
)

ABOUT = About(
    name=words("急性恶化", "Acute deterioration"),
    what=words(
        "根据最近48小时的生命体征与化验，估计住院死亡的概率，作为病情急性恶化的信号。",
        "From vitals and laboratory values of the last 48 hours: the probability of death in hospital, as a signal of acute deterioration.",
    ),
    data=words(
        "PhysioNet/CinC Challenge 2012 的 a 组：美国一家医院重症监护室（2001-2008）4000 次住院的前 48 小时。",
        "PhysioNet/CinC Challenge 2012, set a: the first 48 hours of 4,000 stays in intensive care at one American hospital, 2001-2008.",
    ),
    not_for=words(
        "未在家庭环境中验证；不适用于儿童；没有中国人群数据。重症监护室中的概率不是居家患者的概率：只能用来排序和提醒，不能当作绝对风险。",
        "Not validated at home; not for children; no Chinese people in it. A probability in intensive care is not one at home: "
        "it may rank and prompt, and is no absolute risk there.",
    ),
    limits=(
        words(
            "家庭没有血气、通气和尿量记录，这些输入按缺失处理；只有家庭体征时区分度较低（见表）。",
            "A home has no blood gases, ventilation or urine: they are missing. With home vitals alone it tells people apart less well.",
        ),
        words(
            "训练中的血氧来自动脉血气，呼吸频率多见于未插管者；与家用血氧仪的测量不同。",
            "In training, saturation came from arterial blood, and breathing rate mostly from people without a tube.",
        ),
        words("结局是住院死亡，不是病情恶化本身。", "The outcome is death in hospital, not deterioration itself."),
        words(
            "没有格拉斯哥评分时用 ACVPU 折算（A 15、C 14、V 13、P 8、U 6）。",
            "Without a Glasgow score ACVPU stands in for it (A 15, C 14, V 13, P 8, U 6).",
        ),
    ),
    use=words(
        "只给医务人员看；至少需要年龄、心率、血压和血氧（48小时内），否则不作答。它不取代 NEWS2 和规则告警。",
        "For staff only. It needs age, heart rate, blood pressure and saturation of the last 48 hours, and abstains otherwise. "
        "It does not replace NEWS2 or the rules' alerts.",
    ),
)


def train(files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will train on readings and outcomes (in that order)."""
    return prove(TASK, files, say)


def evaluate(files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on readings and outcomes (in that order)."""
    return judge(TASK, files, artefact)


def derive(history: History, as_of: datetime) -> Mapping[str, Known]:
    """This function will give the columns of a living person as of a moment; ventilation, urine and blood gases stay unknown."""
    return of_history(history, as_of)


MODEL = Learned(
    key=KEY,
    about=ABOUT,
    features=FEATURES,
    # Learned in intensive care and not validated at home, it may point but calls nobody: NEWS2 and the rules do. A version trained inside
    # a house stands on that house's own outcomes.
    bands=(
        Band("low", 0.0),
        Band("medium", 0.1, margin=0.02),
        Band("high", 0.3, "info", 0.04),
        Band("very_high", 0.5, "watch", 0.05),
    ),
    files=("readings: RecordID, minute, param, value", "outcomes: RecordID, SAPS-I, In-hospital_death"),
    train=train,
    evaluate=evaluate,
    derive=derive,
    derives_from={kind: timedelta(minutes=WINDOW) for one in VARIABLES for kind in one.kinds},
    live=True,
    every_minutes=60,
    reach=0.1,
    staff_only=True,
)
