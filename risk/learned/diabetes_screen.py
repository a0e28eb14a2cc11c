"""Who may have diabetes without knowing it: a screen from what people can tell of themselves (CDC BRFSS 2015)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.history import History, Known
from risk.learned.artefact import Artefact
from risk.learned.boosting import Say
from risk.learned.card import About
from risk.learned.inputs import Feature, Take
from risk.learned.proof import Sample, Task, evaluate as judge, train as prove
from risk.learned.report import Report
from risk.learned.shape import Band, Learned, frame
from risk.scores.words import words

KEY = "diabetes-screen"
Floats = NDArray[np.float64]
YEAR = timedelta(days=365)
CHECKED_WITHIN = timedelta(days=5 * 365)
YEAR_DAYS = 365.2425
YOUNGEST, FIRST_WHOLE, TOP_BAND = 18, 25, 13  # years, years, code of 80 and over
HIGH_CHOLESTEROL = 6.2  # mmol/L: 240 mg/dL
SMOKED, SMOKING_UNKNOWN = (1, 2), 3  # codes of the kind smoking: former and current
HEAVY = {"female": 1.0, "male": 2.0}  # drinks a day: more than 7 and 14 a week

FEATURES: tuple[Feature, ...] = (
    Feature(name="age_band", label=words("年龄段（5岁）", "age in five-year bands"), unit="{band}", group="age", required=True, how="look"),
    Feature(name="female", label=words("女性", "female"), unit="", group="sex", take=Take(fact="female"), how="look"),
    Feature(
        name="bmi", label=words("体重指数", "body mass index"), unit="kg/m2", group="body", monotone=1, required=True, changeable=True,
        take=Take(kind="bmi", within=YEAR, fresh=YEAR),
    ),
    Feature(
        name="high_bp", label=words("高血压", "high blood pressure"), unit="", group="blood_pressure", monotone=1,
        take=Take(condition="hypertension"), how="look",
    ),
    Feature(name="high_cholesterol", label=words("高胆固醇", "high cholesterol"), unit="", group="lipids", monotone=1, how="order"),
    Feature(
        name="cholesterol_checked", label=words("5年内查过胆固醇", "cholesterol checked within 5 years"), unit="", group="lipids",
        how="look",
    ),
    Feature(
        name="cardiovascular", label=words("心脏病或脑卒中", "heart disease or stroke"), unit="", group="history", monotone=1,
        take=Take(condition="cardiovascular_disease"), how="look",
    ),
    Feature(name="smoker", label=words("吸过烟", "ever a smoker"), unit="", group="habits", how="ask"),
    Feature(name="heavy_drinker", label=words("重度饮酒", "heavy drinking"), unit="", group="habits", how="ask"),
    Feature(
        name="general_health", label=words("自评健康（1-5）", "own view of health (1-5)"), unit="{score}", group="own_view",
        take=Take(kind="self_rated_health", within=YEAR, fresh=YEAR), how="ask",
    ),
    Feature(
        name="unwell_days", label=words("近30天身体不适天数", "days unwell in body, of 30"), unit="d", group="own_view",
        take=Take(kind="unhealthy_days_physical", within=YEAR, fresh=YEAR), how="ask",
    ),
    Feature(
        name="low_days", label=words("近30天情绪不佳天数", "days unwell in mind, of 30"), unit="d", group="own_view",
        take=Take(kind="unhealthy_days_mental", within=YEAR, fresh=YEAR), how="ask",
    ),
    Feature(
        name="hard_to_walk", label=words("行走或爬楼困难", "hard to walk or climb stairs"), unit="", group="function", monotone=1,
        take=Take(kind="difficulty_walking", within=YEAR, fresh=YEAR), how="ask",
    ),
    Feature(name="stroke", label=words("脑卒中", "stroke"), unit="", group="history", monotone=1, how="look"),
    Feature(name="active", label=words("近30天有体力活动", "any exercise in 30 days"), unit="", group="activity", how="ask"),
    Feature(name="fruit", label=words("每天吃水果", "fruit every day"), unit="", group="habits", how="ask"),
    Feature(name="vegetables", label=words("每天吃蔬菜", "vegetables every day"), unit="", group="habits", how="ask"),
    Feature(name="income", label=words("收入档（1-8）", "income (1-8)"), unit="{code}", group="background", how="ask"),
    Feature(name="insured", label=words("有医疗保险", "insured"), unit="", group="background", how="ask"),
    Feature(name="too_dear", label=words("因费用未就医", "could not see a doctor because of cost"), unit="", group="background", how="ask"),
    Feature(name="education", label=words("教育程度（1-6）", "education (1-6)"), unit="{code}", group="background", how="ask"),
)  # fmt: skip
NAMES = tuple(one.name for one in FEATURES)
# What a record holds of nearly everybody; the rest may be unknown.
CORE = ("age_band", "female", "bmi", "high_bp", "cardiovascular")
MEANS = ("income", "education", "insured", "too_dear")
HELD = tuple(name for name in NAMES if name not in (*MEANS, "stroke", "active", "fruit", "vegetables"))
COLUMNS = (
    "Diabetes_binary", "HighBP", "HighChol", "CholCheck", "BMI", "Smoker", "Stroke", "HeartDiseaseorAttack", "PhysActivity", "Fruits",
    "Veggies", "HvyAlcoholConsump", "GenHlth", "MentHlth", "PhysHlth", "DiffWalk", "Sex", "Age", "Income", "Education",
    "AnyHealthcare", "NoDocbcCost",
)  # fmt: skip
PLAIN = {
    "age_band": "Age", "bmi": "BMI", "high_bp": "HighBP", "high_cholesterol": "HighChol", "cholesterol_checked": "CholCheck",
    "smoker": "Smoker",
    "heavy_drinker": "HvyAlcoholConsump", "general_health": "GenHlth", "unwell_days": "PhysHlth", "low_days": "MentHlth",
    "hard_to_walk": "DiffWalk", "stroke": "Stroke", "active": "PhysActivity", "fruit": "Fruits", "vegetables": "Veggies",
    "income": "Income", "education": "Education", "insured": "AnyHealthcare", "too_dear": "NoDocbcCost",
}  # fmt: skip


def load(files: Sequence[Path]) -> Sample:
    """This function will read BRFSS 2015 columns into rows; equal answers are one group, so that they are never on both sides."""
    raw = frame(files[0], COLUMNS).apply(pd.to_numeric, errors="coerce")
    raw = raw[raw["Diabetes_binary"].isin([0, 1])].reset_index(drop=True)
    table = raw[list(PLAIN.values())].set_axis(list(PLAIN), axis=1).astype(np.float64)
    table["female"] = 1.0 - raw["Sex"]
    table["cardiovascular"] = raw[["Stroke", "HeartDiseaseorAttack"]].max(axis=1)
    table = table[list(NAMES)]
    label = raw["Diabetes_binary"].to_numpy(dtype=np.float64)
    groups = pd.util.hash_pandas_object(raw.drop(columns="Diabetes_binary"), index=False).to_numpy()
    return Sample(
        table=table,
        labels={"diabetes": label},
        groups=groups,
        points={"FINDRISC-like points": {"diabetes": findrisc_like(raw)}},
        subgroups=_subgroups(raw),
    )


def findrisc_like(raw: pd.DataFrame) -> Floats:
    """This function will give FINDRISC's points for age, BMI, inactivity, fruit or vegetables and blood pressure, from BRFSS columns.

    Waist, high glucose ever and family are not in the file.
    """
    age, bmi = raw["Age"], raw["BMI"]
    of_age = np.select([age >= 10, age >= 8, age >= 6], [4, 3, 2], 0)  # bands from 65, 55, 45 years
    of_bmi = np.select([bmi > 30, bmi >= 25], [3, 1], 0)
    plants = (raw["Fruits"] == 1) | (raw["Veggies"] == 1)
    total = of_age + of_bmi + 2 * (raw["PhysActivity"] == 0) + (~plants).astype(int) + 2 * (raw["HighBP"] == 1)
    return np.asarray(total, dtype=np.float64)


def _subgroups(raw: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    age, income = raw["Age"], raw["Income"]
    groups = {
        "female": raw["Sex"] == 0,
        "male": raw["Sex"] == 1,
        "age 18-39": age <= 4,
        "age 40-59": (age >= 5) & (age <= 8),
        "age 60-79": (age >= 9) & (age <= 12),
        "age 80 and over": age == TOP_BAND,
        "income below $25,000": income <= 4,
        "income $25,000-50,000": (income >= 5) & (income <= 6),
        "income above $50,000": income >= 7,
    }
    return {name: each.to_numpy(dtype=bool) for name, each in groups.items()}


COMMON = {"objective": "binary", "min_data_in_leaf": 200, "bagging_fraction": 0.7, "monotone_constraints_method": "advanced"}
TASK = Task(
    key=KEY,
    features=FEATURES,
    load=load,
    grid=(
        ({**COMMON, "num_leaves": 16, "feature_fraction": 0.4, "learning_rate": 0.08}, 180),
        ({**COMMON, "num_leaves": 16, "feature_fraction": 0.6, "learning_rate": 0.1}, 120),
    ),
    linear=NAMES,
    thresholds=(0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
    population="Adults of the United States asked by telephone in 2015 (CDC BRFSS), unweighted.",
    seeds=1,
    inner=2,
    draws=60,
    curve_draws=40,
    stratified=False,
    reach=0.35,
    views={
        "without income, education, insurance, cost": tuple(name for name in NAMES if name not in MEANS),
        "what a record here can hold": HELD,
        "age, sex, BMI, blood pressure, heart": CORE,
    },
    also=CORE,
    also_share=0.5,
    also_weight=0.1,
    remarks=(
        "Rows with the same answers to all 21 questions count as one group, as in the file's own split, and never stand on both sides. "
        "Grouped by the model's own inputs alone, folds gave a slightly lower AUROC in early runs; it was not measured again.",
        "Income, education, insurance and cost are used where a file has them: without them the figure is 0.001 to 0.002 lower (see the "
        "table). A record here holds none of them, so nobody is screened by her means. Figures by sex and income stand below.",
        "Own view of health is not bound to be monotone: that cost 0.0008 of AUROC, since the very ill are often ill of something else.",
        "A record here holds stroke and heart disease as one condition: that is the input cardiovascular; stroke alone stays unknown.",
        "Every row is learned a second time, at a tenth of its weight, with half of what a record may lack blanked: unknown is not no.",
    ),
)

ABOUT = About(
    name=words("未诊断糖尿病筛查", "Screen for undiagnosed diabetes"),
    what=words(
        "根据年龄、体型、血压、血脂与自评健康，估计此人符合糖尿病人群特征的概率，提示谁应查血糖或糖化血红蛋白。",
        "From age, build, blood pressure, lipids and one's own view of health: how much a person is like those with diabetes, "
        "and so who should have glucose or HbA1c measured.",
    ),
    data=words(
        "美国 CDC 行为危险因素监测系统（BRFSS）2015 年电话调查，未加权。",
        "Telephone survey of the CDC's Behavioral Risk Factor Surveillance System (BRFSS) 2015, unweighted.",
    ),
    not_for=words(
        "不适用于已诊断糖尿病者、18岁以下和孕妇；没有中国人群数据（中国人在更低的体重指数即可患病）。",
        "Not for people known to have diabetes, under 18 or pregnant; no Chinese people in it, who fall ill at a lower body mass index.",
    ),
    limits=(
        words(
            "标签是自述的已诊断糖尿病，不是化验发现的未诊断糖尿病；某些输入（自评健康、行走困难）可能是糖尿病的后果。",
            "The label is diabetes people were told of, not found by a test; some inputs (own view, walking) may be its consequences.",
        ),
        words(
            "概率反映调查中已诊断的比例，不是未诊断的比例：用于排序，不是诊断。",
            "The probability mirrors the share diagnosed in the survey, not the share undiagnosed: it ranks, and is no diagnosis.",
        ),
        words(
            "“高胆固醇”在训练中是“曾被告知”，在这里是最近一次总胆固醇不低于 6.2 mmol/L；“心脏病或脑卒中”取自心血管病诊断。",
            "High cholesterol was 'ever told' in training and is here the latest total of 6.2 mmol/L or more; "
            "heart disease or stroke is here the condition cardiovascular disease.",
        ),
    ),
    use=words(
        "提示可先填写一份问卷，再决定是否抽血；结果为高时建议检测糖化血红蛋白或空腹血糖。",
        "It prompts a questionnaire first and a blood test next: where it is high, HbA1c or fasting glucose is worth measuring.",
    ),
)


def train(files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will train on one BRFSS file."""
    return prove(TASK, files, say)


def evaluate(files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on one BRFSS file."""
    return judge(TASK, files, artefact)


def derive(history: History, as_of: datetime) -> Mapping[str, Known]:
    """This function will give age band (1 to 13, from 18 years), high cholesterol, smoking and heavy drinking as of a moment."""
    found: dict[str, Known] = {}
    if history.birth_date is not None:
        years = (as_of.date() - history.birth_date).days / YEAR_DAYS
        if years >= YOUNGEST:
            found["age_band"] = Known(float(band(years)))
    if _newest(history, "cholesterol", as_of, CHECKED_WITHIN):
        found["cholesterol_checked"] = Known(1.0)  # no record of it is not a no: elsewhere it may have been checked
    if cholesterol := _newest(history, "cholesterol", as_of):
        found["high_cholesterol"] = Known(float(cholesterol.value >= HIGH_CHOLESTEROL), cholesterol.at)
    smoking = _newest(history, "smoking", as_of)
    if smoking and int(smoking.value) != SMOKING_UNKNOWN:
        found["smoker"] = Known(float(int(smoking.value) in SMOKED), smoking.at)
    drinks = _newest(history, "alcohol", as_of)
    if drinks and drinks.at is not None and history.sex in HEAVY:
        found["heavy_drinker"] = Known(float(drinks.value > HEAVY[history.sex]), drinks.at)
    return found


def band(years: float) -> int:
    """This function will give BRFSS's code of age: 1 is 18-24, 2 is 25-29, and so on to 13, which is 80 and over."""
    return 1 if years < FIRST_WHOLE else min(TOP_BAND, 2 + int((years - FIRST_WHOLE) // 5))


def _newest(history: History, kind: str, as_of: datetime, within: timedelta = YEAR) -> Known | None:
    readings = [one for one in history.readings.get(kind, ()) if as_of - within <= one.at <= as_of]
    return Known(readings[-1].value, readings[-1].at) if readings else None


MODEL = Learned(
    key=KEY,
    about=ABOUT,
    features=FEATURES,
    bands=(Band("low", 0.0), Band("medium", 0.1, "none", 0.01), Band("high", 0.25, "info", 0.02), Band("very_high", 0.45, "watch", 0.03)),
    files=("BRFSS 2015: Diabetes_binary, HighBP, HighChol, BMI, ... (0/1 and codes)",),
    train=train,
    evaluate=evaluate,
    derive=derive,
    derives_from={"cholesterol": CHECKED_WITHIN, "smoking": YEAR, "alcohol": YEAR},
    live=True,
    every_minutes=1440,
    reach=0.35,
    not_for=frozenset({"diabetes_t1", "diabetes_t2", "pregnant"}),
)
