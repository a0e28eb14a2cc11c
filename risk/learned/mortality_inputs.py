"""What the mortality models ask of a living person: the columns of the files, from her own readings, in the files' units."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from risk.history import History, Known
from risk.learned.inputs import Feature, Take
from risk.learned.mortality_data import LABS, LOWEST_CRP, OLDEST
from risk.learned.taking import taken
from risk.scores.words import words

YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
# Body mass index from the waist where nobody was weighed: least squares in NHANES (r = 0.9): (slope, intercept) by sex.
FROM_WAIST = {"male": (0.3273, -4.60), "female": (0.3832, -7.55)}


def _kind(kind: str, how: str = "latest", within: timedelta = 2 * YEAR, fresh: timedelta = YEAR, factor: float = 1.0) -> Take:
    return Take(kind=kind, how=how, within=within, fresh=fresh, factor=factor)


def _pressure(part: str) -> Take:
    return Take(kind="bp", part=part, how="mean", within=MONTH, fresh=MONTH)


HOME: tuple[Feature, ...] = (
    Feature(name="age", label=words("年龄", "age"), unit="a", group="age", monotone=1, required=True, how="look"),
    Feature(
        name="female", label=words("性别（女）", "female sex"), unit="", group="sex", required=True, take=Take(fact="female"), how="look",
    ),
    Feature(
        name="sbp", label=words("收缩压", "systolic pressure"), unit="mm[Hg]", group="blood_pressure", required=True, changeable=True,
        take=_pressure("value"),
    ),
    Feature(
        name="dbp", label=words("舒张压", "diastolic pressure"), unit="mm[Hg]", group="blood_pressure", changeable=True,
        take=_pressure("value2"),
    ),
    # Neither pressure nor build is monotone: the frail are thin and their pressure falls.
    Feature(name="bmi", label=words("体质指数", "body mass index"), unit="kg/m2", group="body", required=True, changeable=True),
    Feature(name="waist", label=words("腰围", "waist"), unit="cm", group="body", changeable=True, take=_kind("waist")),
    Feature(
        name="self_rated_health", label=words("自评健康", "own view of health"), unit="{score}", group="own_view", monotone=1,
        changeable=True, take=_kind("self_rated_health"), how="ask",
    ),
)  # fmt: skip

# Column: (zh, en, unit, group, kind, factor from the catalogue's unit, direction in which risk may never fall).
_LABS: Mapping[str, tuple[str, str, str, str, str, float, int]] = {
    "albumin": ("白蛋白", "albumin", "g/dL", "liver", "albumin", 0.1, -1),
    "alp": ("碱性磷酸酶", "alkaline phosphatase", "U/L", "liver", "alp", 1.0, 1),
    "bun": ("尿素氮", "urea nitrogen", "mg/dL", "kidney", "urea_nitrogen", 2.801, 0),
    "creat": ("肌酐", "creatinine", "mg/dL", "kidney", "creatinine", 1 / 88.4, 0),
    "glucose": ("血糖", "glucose", "mg/dL", "glucose", "fpg", 18.016, 0),
    "ttbl": ("总胆红素", "total bilirubin", "mg/dL", "liver", "bilirubin", 1 / 17.1, 0),
    "uap": ("尿酸", "uric acid", "mg/dL", "kidney", "uric_acid", 1 / 59.48, 0),
    "lymph": ("淋巴细胞", "lymphocytes", "%", "blood_count", "lymphocytes", 1.0, -1),
    "mcv": ("平均红细胞体积", "mean corpuscular volume", "fL", "blood_count", "mcv", 1.0, 0),
    "rbc": ("红细胞", "red blood cells", "10*12/L", "blood_count", "rbc", 1.0, 0),
    "rdw": ("红细胞分布宽度", "red cell distribution width", "%", "blood_count", "rdw", 1.0, 1),
    "wbc": ("白细胞", "white blood cells", "10*9/L", "inflammation", "wbc", 1.0, 0),
    "crp": ("C 反应蛋白", "C-reactive protein", "mg/dL", "inflammation", "crp", 0.1, 1),
    "hba1c": ("糖化血红蛋白", "HbA1c", "%", "glucose", "hba1c", 1.0, 0),
    "hdl": ("高密度脂蛋白胆固醇", "HDL cholesterol", "mg/dL", "lipids", "hdl", 38.67, 0),
    "ldl": ("低密度脂蛋白胆固醇", "LDL cholesterol", "mg/dL", "lipids", "ldl", 38.67, 0),
    "trig": ("甘油三酯", "triglycerides", "mg/dL", "lipids", "triglycerides", 88.57, 0),
    "totchol": ("总胆固醇", "total cholesterol", "mg/dL", "lipids", "cholesterol", 38.67, 0),
    "cyst": ("胱抑素 C", "cystatin C", "mg/L", "kidney", "cystatin_c", 1.0, 1),
    "ggt": ("γ-谷氨酰转移酶", "gamma-glutamyl transferase", "U/L", "liver", "ggt", 1.0, 1),
}  # fmt: skip
WITH_LABS: tuple[Feature, ...] = HOME + tuple(
    Feature(
        name=name,
        label=words(zh, en),
        unit=unit,
        group=group,
        monotone=sign,
        changeable=True,
        take=None if name == "crp" else _kind(kind, factor=factor),
        how="order",
    )
    for name, (zh, en, unit, group, kind, factor, sign) in ((name, _LABS[name]) for name in LABS)
)
DERIVED_FROM: Mapping[str, timedelta] = {"bmi": 2 * YEAR, "weight": 2 * YEAR, "height": 20 * YEAR, "waist": 2 * YEAR}
DERIVED_WITH_LABS: Mapping[str, timedelta] = {**DERIVED_FROM, "crp": 2 * YEAR}


def derive(history: History, as_of: datetime) -> dict[str, Known]:
    """This function will give age (capped as in the files), body mass index, and CRP (not below the oldest assay's floor)."""
    found = {}
    age = taken(Take(fact="age"), history, as_of)
    if age is not None:
        found["age"] = Known(min(age.value, OLDEST))
    bmi = _build(history, as_of)
    if bmi is not None:
        found["bmi"] = bmi
    crp = taken(_kind("crp", factor=0.1, within=YEAR), history, as_of)
    if crp is not None:
        found["crp"] = Known(max(crp.value, LOWEST_CRP), crp.at)
    return found


def _build(history: History, as_of: datetime) -> Known | None:
    """Body mass index as measured, else of weight and height, else estimated from the waist."""
    direct = taken(_kind("bmi", within=YEAR), history, as_of)
    if direct is not None:
        return direct
    weight = taken(_kind("weight", within=YEAR), history, as_of)
    height = taken(_kind("height", within=20 * YEAR), history, as_of)
    if weight is not None and height is not None:
        return Known(weight.value / (height.value / 100) ** 2, weight.at)
    waist = taken(_kind("waist", within=YEAR), history, as_of)
    if waist is None or history.sex not in FROM_WAIST:
        return None
    slope, start = FROM_WAIST[history.sex]
    return Known(slope * waist.value + start, waist.at)
