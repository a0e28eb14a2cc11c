"""Back in hospital within 30 days, of people with diabetes (UCI 296: 130 American hospitals, 1999-2008)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.learned.artefact import Artefact
from risk.learned.boosting import Say
from risk.learned.card import About
from risk.learned.inputs import Feature, Take
from risk.learned.proof import Sample, Task, evaluate as judge, train as prove
from risk.learned.readmission_rows import (
    ADMISSIONS,
    COLUMNS,
    DIAGNOSES,
    DISPOSITIONS,
    SINGLED_OUT,
    SOURCES,
    SPECIALTIES,
    kept,
    rows,
    slug,
)
from risk.learned.report import Report
from risk.learned.shape import Band, Learned, frame
from risk.scores.words import words

KEY = "readmission"
Floats = NDArray[np.float64]

ZH = {
    "circulatory": "循环系统", "respiratory": "呼吸系统", "digestive": "消化系统", "diabetes": "糖尿病", "injury": "损伤",
    "musculoskeletal": "肌肉骨骼", "genitourinary": "泌尿生殖", "neoplasms": "肿瘤", "other": "其他", "heart_failure": "心力衰竭",
    "kidney_failure": "肾衰竭", "copd": "慢阻肺", "ischaemic_heart": "缺血性心脏病", "anaemia": "贫血", "mental": "精神障碍",
    "liver": "肝病", "home": "回家", "home_care": "居家照护", "nursing": "护理机构", "hospital": "转往他院", "rehabilitation": "康复机构",
    "psychiatry": "精神科", "against_advice": "自动出院", "emergency_room": "急诊室", "referral": "转诊", "transfer": "他院转入",
    "emergency": "急诊入院", "urgent": "紧急入院", "elective": "择期入院", "InternalMedicine": "内科", "Emergency/Trauma": "急诊与创伤",
    "Family/GeneralPractice": "全科", "Cardiology": "心内科", "Surgery-General": "普外科", "Nephrology": "肾内科", "Orthopedics": "骨科",
    "PhysicalMedicineandRehabilitation": "康复科", "Psychiatry": "精神科", "ObstetricsandGynecology": "妇产科", "Oncology": "肿瘤科",
    "Surgery-Cardiovascular/Thoracic": "心胸外科",
}  # fmt: skip
CONDITION = {"heart_failure": "heart_failure", "copd": "copd"}  # those a living record holds


def _yes(prefix: str, name: str, zh: str, en: str, group: str, take: Take | None = None) -> Feature:
    label = words(f"{zh}：{ZH[name]}", f"{en}: {name.replace('_', ' ')}")
    return Feature(name=f"{prefix}_{slug(name)}", label=label, unit="", group=group, take=take, how="look")


def _count(name: str, zh: str, en: str, unit: str, group: str, monotone: int = 0) -> Feature:
    return Feature(name=name, label=words(zh, en), unit=unit, group=group, monotone=monotone, how="look")


def _taken(name: str) -> Take | None:
    return Take(condition=CONDITION[name]) if name in CONDITION else None


FEATURES: tuple[Feature, ...] = (
    Feature(name="age", label=words("年龄", "age"), unit="a", group="age", required=True, take=Take(fact="age"), how="look"),
    Feature(name="female", label=words("女性", "female"), unit="", group="sex", take=Take(fact="female"), how="look"),
    _count("time_in_hospital", "住院天数", "days in hospital", "d", "hospital_use"),
    _count("num_lab_procedures", "化验项数", "laboratory tests", "{tests}", "treatment"),
    _count("num_procedures", "操作次数", "procedures", "{procedures}", "treatment"),
    _count("num_medications", "用药种数", "different drugs", "{drugs}", "treatment"),
    _count("number_outpatient", "前一年门诊次数", "outpatient visits in the year before", "{visits}", "hospital_use"),
    _count("number_emergency", "前一年急诊次数", "emergency visits in the year before", "{visits}", "hospital_use", 1),
    _count("number_inpatient", "前一年住院次数", "stays in the year before", "{visits}", "hospital_use", 1),
    _count("number_diagnoses", "诊断数", "diagnoses entered", "{diagnoses}", "history", 1),
    _count("visits_before", "前一年就诊总次数", "all visits in the year before", "{visits}", "hospital_use", 1),
    *(_yes("diagnosis", name, "主要诊断", "first diagnosis", "history") for name in DIAGNOSES),
    *(_yes("also", name, "前三项诊断含", "among three diagnoses", "history", _taken(name)) for name in SINGLED_OUT),
    *(_yes("to", name, "出院去向", "discharged to", "hospital_use") for name in DISPOSITIONS),
    *(_yes("from", name, "来源", "admitted from", "hospital_use") for name in SOURCES),
    *(_yes("type", name, "入院类型", "admission", "hospital_use") for name in ADMISSIONS),
    *(_yes("by", name, "收治科室", "specialty", "hospital_use") for name in SPECIALTIES),
    _count("A1Cresult", "糖化血红蛋白（0 正常，1 >7%，2 >8%）", "HbA1c (0 normal, 1 above 7 %, 2 above 8 %)", "{code}", "glucose"),
    _count(
        "max_glu_serum", "最高血糖（0 正常，1 >200，2 >300 mg/dL）", "highest glucose (0 normal, 1 >200, 2 >300 mg/dL)", "{code}", "glucose"
    ),
    _count("insulin", "胰岛素（0 无，1 减，2 不变，3 增）", "insulin (0 none, 1 down, 2 steady, 3 up)", "{code}", "treatment"),
    _count("metformin", "二甲双胍（0 无，1 减，2 不变，3 增）", "metformin (0 none, 1 down, 2 steady, 3 up)", "{code}", "treatment"),
    _count("pills", "口服降糖药种数", "oral glucose-lowering drugs", "{drugs}", "treatment"),
    _count("changed", "调整了糖尿病用药", "diabetes drugs changed", "", "treatment"),
    _count("treated", "使用糖尿病药物", "on diabetes drugs", "", "treatment"),
)
LINE = tuple(one.name for one in FEATURES)


def load(files: Sequence[Path]) -> Sample:
    """This function will read stays (the UCI columns), drop those who died or went to a hospice, and group them by patient."""
    raw = frame(files[0], COLUMNS)
    stays = kept(raw)
    table = rows(stays)[list(LINE)]
    return Sample(
        table=table,
        labels={"readmitted": (stays["readmitted"] == "<30").to_numpy(dtype=np.float64)},
        groups=stays["patient_nbr"].to_numpy(),
        points={"LACE-like points": {"readmitted": lace_like(table)}},
        subgroups=_subgroups(stays, table),
        remarks=(f"{len(raw) - len(stays):,} of {len(raw):,} stays left out: died, hospice, or outcome unknown.",),
    )


def lace_like(table: pd.DataFrame) -> Floats:
    """This function will give LACE (van Walraven 2010) as far as the columns go: length of stay, acuteness, heart, lung, liver, kidney and
    tumour for the Charlson part, and emergency visits of a year for those of six months."""
    days = table["time_in_hospital"].to_numpy()
    length = np.select([days >= 14, days >= 7, days >= 4], [7, 5, 4], days)
    acute = 3 * ((table["type_emergency"] == 1) | (table["type_urgent"] == 1))
    ill = 2 * table["also_heart_failure"] + 2 * table["also_copd"] + 2 * table["diagnosis_neoplasms"] + table["also_ischaemic_heart"]
    charlson = ill + 4 * table["also_liver"] + 1 + table["also_kidney_failure"]
    comorbid = np.where(charlson >= 4, 5, charlson)
    visits = np.minimum(table["number_emergency"], 4)
    return np.asarray(length + acute + comorbid + visits, dtype=np.float64)


def _subgroups(stays: pd.DataFrame, table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    age = table["age"]
    groups = {"female": table["female"] == 1, "male": table["female"] == 0}
    groups |= {"age below 50": age < 50, "age 50-69": (age >= 50) & (age < 70), "age 70 and over": age >= 70}
    groups |= {f"race {name}": stays["race"] == name for name in ("Caucasian", "AfricanAmerican", "Hispanic", "Asian")}
    groups |= {"first stay in a year": table["number_inpatient"] == 0, "stays before": table["number_inpatient"] > 0}
    return {name: each.to_numpy(dtype=bool) for name, each in groups.items()}


COMMON = {"objective": "binary", "min_data_in_leaf": 100, "feature_fraction": 0.3, "bagging_fraction": 0.7, "lambda_l2": 10.0}
TASK = Task(
    key=KEY,
    features=FEATURES,
    load=load,
    grid=(
        ({**COMMON, "num_leaves": 16, "learning_rate": 0.05}, 300),
        ({**COMMON, "num_leaves": 31, "learning_rate": 0.04}, 250),
    ),
    linear=LINE,
    thresholds=(0.05, 0.1, 0.15, 0.2, 0.3),
    population="Stays of people with diabetes in 130 American hospitals, 1999-2008, of 1 to 14 days.",
    seeds=1,
    inner=2,
    draws=60,
    curve_draws=40,
    stratified=False,
    reach=0.6,
    strength=0.1,
    remarks=(
        "One person has many stays: splits and intervals go by patient. Discharges by death or to a hospice are left out.",
        "Race, payer and weight (97 % missing) are no features; figures by race stand below.",
        "Diagnoses are grouped as in Strack 2014 (doi:10.1155/2014/781670).",
    ),
)

ABOUT = About(
    name=words("30天再入院（糖尿病）", "Readmission within 30 days (diabetes)"),
    what=words(
        "出院时估计糖尿病患者30天内再次住院的概率。",
        "At discharge: the probability that a person with diabetes is back in hospital within 30 days.",
    ),
    data=words(
        "UCI 296 号数据集：美国130家医院1999-2008年糖尿病患者的住院记录（Strack 2014）。",
        "UCI data set 296: stays of people with diabetes in 130 American hospitals, 1999-2008 (Strack 2014).",
    ),
    not_for=words(
        "不适用于无糖尿病者、住院超过14天者和临终关怀者；没有中国人群数据，且数据已有十五年以上。",
        "Not for people without diabetes, stays above 14 days or hospice care; no Chinese people in it, and it is over fifteen years old.",
    ),
    limits=(
        words(
            "区分度有限（AUROC 约 0.67，与文献相同）：只宜用来安排随访先后。",
            "It tells people apart only moderately (AUROC about 0.67, as published): good for ordering follow-up, not for decisions.",
        ),
        words(
            "只记录了同一批医院内的再入院。",
            "Only readmissions to the same hospitals are known.",
        ),
        words(
            "需要住院记录；本系统目前不保存这些记录，因此不会自动计算。",
            "It needs hospital records that are not held here yet, and so is not computed by itself.",
        ),
    ),
    use=words("在请求时按给定的输入计算。", "Computed on request, from inputs given."),
)


def train(files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will train on one file of stays."""
    return prove(TASK, files, say)


def evaluate(files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on one file of stays."""
    return judge(TASK, files, artefact)


MODEL = Learned(
    key=KEY,
    about=ABOUT,
    features=FEATURES,
    bands=(Band("low", 0.0), Band("medium", 0.1, "none", 0.01), Band("high", 0.2, "info", 0.02)),
    files=("stays: the columns of UCI data set 296",),
    train=train,
    evaluate=evaluate,
    live=False,
    reach=0.6,
    staff_only=True,
)
