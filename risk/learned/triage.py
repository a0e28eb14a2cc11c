"""How urgent a complaint is, from its words and the vitals: a second reader beside the nurse (Moon 2019, two Korean emergency rooms)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from healthhub.records.catalogue import CUFFLESS, SUSPICIOUS
from risk.history import History, Known
from risk.learned.artefact import Artefact
from risk.learned.boosting import Say
from risk.learned.calibration import platt
from risk.learned.card import About
from risk.learned.inputs import Feature, Take
from risk.learned.measures import ap, auroc, brier
from risk.learned.proof import ByHead, Sample, Task, evaluate as judge, train as prove
from risk.learned.report import Report
from risk.learned.shape import Band, Learned, frame
from risk.learned.triage_words import COMPLAINTS, complaint_groups
from risk.scores.words import words

KEY = "triage"
Floats = NDArray[np.float64]
LEVELS = {"le2": 2, "le3": 3}  # head: KTAS at or below it (1 is the most urgent)
VITALS = {
    "sbp": ("SBP", 40, 300), "dbp": ("DBP", 20, 200), "hr": ("HR", 20, 250), "rr": ("RR", 4, 70), "temp": ("BT", 30, 43),
    "spo2": ("Saturation", 40, 100), "pain_score": ("NRS_pain", 0, 10),
}  # fmt: skip
COLUMNS = ("Sex", "Age", "Arrival mode", "Injury", "Chief_complain", "Mental", "Pain", "KTAS_expert", *(one[0] for one in VITALS.values()))
BY_AMBULANCE, ON_FOOT = (2, 4), (1, 3)  # codes of the way of arrival: public and private ambulance; walking and own car
LABELS = {
    "sbp": ("收缩压", "systolic pressure", "mm[Hg]", "blood_pressure", 0),
    "dbp": ("舒张压", "diastolic pressure", "mm[Hg]", "blood_pressure", 0),
    "hr": ("心率", "heart rate", "/min", "heart_rate", 0),
    "rr": ("呼吸频率", "respiratory rate", "/min", "breathing", 0),
    "temp": ("体温", "temperature", "Cel", "temperature", 0),
    "spo2": ("血氧饱和度", "oxygen saturation", "%", "breathing", -1),
    "pain_score": ("疼痛评分", "pain score", "{score}", "own_view", 0),
}


def _plain(name: str, zh: str, en: str, unit: str, group: str, monotone: int = 0) -> Feature:
    return Feature(name=name, label=words(zh, en), unit=unit, group=group, monotone=monotone, how="ask")


FEATURES: tuple[Feature, ...] = (
    Feature(name="age", label=words("年龄", "age"), unit="a", group="age", required=True, take=Take(fact="age"), how="look"),
    Feature(name="female", label=words("女性", "female"), unit="", group="sex", take=Take(fact="female"), how="look"),
    *(_plain(name, *LABELS[name][:4], monotone=LABELS[name][4]) for name in VITALS),
    _plain("shock_index", "休克指数", "shock index", "{ratio}", "heart_rate"),
    _plain("mental_state", "意识（0 清醒，1 对声音，2 对疼痛，3 无反应）", "mental state (0 alert to 3 unresponsive)", "{code}",
           "consciousness", 1),
    _plain("injury", "因外伤就诊", "comes with an injury", "", "complaint"),
    _plain("in_pain", "有疼痛", "in pain", "", "own_view"),
    _plain("by_ambulance", "救护车送来", "came by ambulance", "", "arrival", 1),
    _plain("on_foot", "自行前来", "came by own means", "", "arrival"),
    *(_plain(f"says_{key}", f"主诉：{label['zh-hans']}", f"complaint: {label['en']}", "", "complaint")
      for key, (label, _, _) in COMPLAINTS.items()),
    _plain("complaints", "主诉涉及的类别数", "kinds of complaint named", "{count}", "complaint"),
)  # fmt: skip
NAMES = tuple(one.name for one in FEATURES)


def load(files: Sequence[Path]) -> Sample:
    """This function will read KTAS visits (decimal commas, question marks for unknown) into rows; a row is a person."""
    raw = frame(files[0], COLUMNS)
    expert = _numbers(raw["KTAS_expert"])
    raw, expert = raw[~np.isnan(expert)].reset_index(drop=True), expert[~np.isnan(expert)]
    table = rows(raw)
    labels = {head: (expert <= level).astype(np.float64) for head, level in LEVELS.items()}
    points = {}
    remarks: tuple[str, ...] = ()
    if "KTAS_RN" in raw.columns:
        nurse = _numbers(raw["KTAS_RN"])
        points = {"nurse (her level)": dict.fromkeys(LEVELS, -nurse)}
        remarks = tuple(_nurse(labels[head], nurse <= level, head) for head, level in LEVELS.items())
    return Sample(
        table=table,
        labels=labels,
        groups=np.arange(len(raw)),
        points=points,
        subgroups=_subgroups(table),
        remarks=remarks,
    )


def rows(raw: pd.DataFrame) -> pd.DataFrame:
    """This function will give the features of visits; impossible values count as unknown."""
    found: dict[str, Floats] = {"age": _numbers(raw["Age"]), "female": np.where(raw["Sex"] == 1, 1.0, 0.0)}
    for name, (column, low, high) in VITALS.items():
        value = _numbers(raw[column])
        found[name] = np.where((value >= low) & (value <= high), value, np.nan)
    arrival = _numbers(raw["Arrival mode"])
    found["shock_index"] = found["hr"] / found["sbp"]
    found["mental_state"] = _numbers(raw["Mental"]) - 1
    found["injury"] = np.where(raw["Injury"] == 2, 1.0, 0.0)
    found["in_pain"] = _numbers(raw["Pain"])
    found["by_ambulance"] = np.isin(arrival, BY_AMBULANCE).astype(np.float64)
    found["on_foot"] = np.isin(arrival, ON_FOOT).astype(np.float64)
    said = [complaint_groups(str(text)) for text in raw["Chief_complain"].fillna("")]
    table = pd.DataFrame(found)
    for key in COMPLAINTS:
        table[f"says_{key}"] = [one[key] for one in said]
    table["complaints"] = [sum(one.values()) for one in said]
    return table[list(NAMES)]


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(column.astype(str).str.replace(",", ".", regex=False), errors="coerce"), dtype=np.float64)


def _nurse(label: Floats, said: NDArray[np.bool_], head: str) -> str:
    sensitivity = float(said[label == 1].mean())
    specificity = float((~said[label == 0]).mean())
    return f"The nurse, {head}: sensitivity {sensitivity:.3f}, specificity {specificity:.3f}. Her level is no feature."


def _subgroups(table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    age = table["age"]
    groups = {"female": table["female"] == 1, "male": table["female"] == 0, "age below 50": age < 50}
    groups |= {"age 50-69": (age >= 50) & (age < 70), "age 70 and over": age >= 70}
    groups |= {"injury": table["injury"] == 1, "no injury": table["injury"] == 0}
    return {name: each.to_numpy(dtype=bool) for name, each in groups.items()}


def _figures(labels: ByHead, scores: ByHead) -> dict[str, float]:
    found = _ranked(labels, scores)
    return found | {"brier": brier(labels["le2"], scores["le2"])}


def _ranked(labels: ByHead, scores: ByHead) -> dict[str, float]:
    found = {"n": float(len(labels["le2"]))}
    found |= {f"auroc_{head}": auroc(labels[head], scores[head]) for head in LEVELS}
    return found | {"ap": ap(labels["le2"], scores["le2"])}


COMMON = {
    "objective": "binary", "num_leaves": 5, "feature_fraction": 0.3, "bagging_fraction": 0.7, "lambda_l2": 5.0, "extra_trees": True,
    "learning_rate": 0.08,
}  # fmt: skip
TASK = Task(
    key=KEY,
    features=FEATURES,
    load=load,
    grid=(({**COMMON, "min_data_in_leaf": 5}, 500), ({**COMMON, "min_data_in_leaf": 10}, 500)),
    linear=NAMES,
    thresholds=(0.1, 0.2, 0.3, 0.5),
    population="Adults in two Korean emergency departments, October 2016 to September 2017.",
    figures=_figures,
    ranked=_ranked,
    calibrate=platt,
    seeds=2,
    outer=10,
    inner=3,
    reach=0.2,
    whole_range=True,
    strength=0.05,
    remarks=(
        "ap, brier, subgroups and calibration are of the head le2 (level 1 or 2).",
        "No features, because known only afterwards: diagnosis, disposition, mistriage, error group, length of stay, duration.",
    ),
)

ABOUT = About(
    name=words("分诊紧急度（第二意见）", "Urgency at triage (second reader)"),
    what=words(
        "根据主诉的字句和生命体征，估计专家会把此人定为1-2级（le2）或1-3级（le3）的概率。",
        "From the words of a complaint and the vitals: the probability that experts would call it level 1-2 (le2) or 1-3 (le3).",
    ),
    data=words(
        "Moon 等 2019（PLOS ONE）：韩国两家急诊室的成人就诊，标签为三位专家定的 KTAS 级别。",
        "Moon et al. 2019 (PLOS ONE): adults in two Korean emergency rooms; the label is the KTAS level three experts agreed on.",
    ),
    not_for=words(
        "不适用于儿童和孕产急症；没有中国人群数据；不是诊断，也不能代替护士分诊。",
        "Not for children or emergencies of pregnancy; no Chinese people in it; it is no diagnosis and does not replace a nurse.",
    ),
    limits=(
        words("样本不到九百人，区间较宽。", "Fewer than nine hundred people: intervals are wide."),
        words(
            "主诉只按固定的关键词分组（中英文）；中文关键词未在数据上验证；听不懂否定句。",
            "Complaints are grouped by fixed keywords; the Chinese ones were not tested on data, and denials are not understood.",
        ),
        words(
            "护士的判断比模型准确：见图表中的灵敏度与特异度。",
            "A nurse is more accurate than the model: see her sensitivity and specificity.",
        ),
    ),
    use=words(
        "只给医务人员看，作为第二意见：与护士不一致时再看一眼。",
        "For staff only, as a second reader: where it differs from the nurse, look again.",
    ),
)


def train(files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will train on one file of visits."""
    return prove(TASK, files, say)


def evaluate(files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on one file of visits."""
    return judge(TASK, files, artefact)


def of_complaint(text: str, given: Mapping[str, float]) -> dict[str, float]:
    """This function will give a row from the words of a complaint and values by feature name (vitals, pain_score, mental_state, ...)."""
    said = complaint_groups(text)
    row = {f"says_{key}": value for key, value in said.items()} | {"complaints": sum(said.values())}
    row |= {name: float(value) for name, value in given.items() if name in NAMES}
    if row.get("hr") and row.get("sbp"):
        row["shock_index"] = row["hr"] / row["sbp"]
    return row


def derive(history: History, as_of: datetime) -> Mapping[str, Known]:
    """This function will give the newest vitals as of a moment; what is said and how somebody arrived must be given."""
    found: dict[str, Known] = {}
    for name, kind, second in (
        ("sbp", "bp", False),
        ("dbp", "bp", True),
        ("hr", "hr", False),
        ("rr", "rr", False),
        ("temp", "temp", False),
        ("spo2", "spo2", False),
        ("pain_score", "pain", False),
        ("mental_state", "consciousness", False),
    ):
        readings = [one for one in history.readings.get(kind, ()) if one.at <= as_of and not one.flags & (SUSPICIOUS | CUFFLESS)]
        value = (readings[-1].value2 if second else readings[-1].value) if readings else None
        if value is not None:
            # The scale A, C, V, P, U has two steps for what triage calls a reaction to voice.
            found[name] = Known(max(value - 1, float(value > 0)) if name == "mental_state" else value, readings[-1].at)
    if "hr" in found and "sbp" in found:
        found["shock_index"] = Known(found["hr"].value / found["sbp"].value, found["hr"].at)
    return found


MODEL = Learned(
    key=KEY,
    about=ABOUT,
    features=FEATURES,
    bands=(Band("low", 0.0), Band("medium", 0.15), Band("high", 0.4)),
    files=("visits: the KTAS columns, with KTAS_expert",),
    train=train,
    evaluate=evaluate,
    derive=derive,
    derives_from=dict.fromkeys(("bp", "hr", "rr", "temp", "spo2", "pain", "consciousness"), timedelta(hours=24)),
    live=False,
    reach=0.2,
    staff_only=True,
)
