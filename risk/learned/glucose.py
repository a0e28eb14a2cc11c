"""Glucose half an hour and an hour ahead, and the risk of hypoglycaemia within the hour, from continuous glucose readings alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from risk.history import History, Known
from risk.learned.card import About
from risk.learned.glucose_proof import evaluated, trained
from risk.learned.glucose_rows import LAGS, LONGEST, STALE, of_history
from risk.learned.inputs import Feature
from risk.learned.shape import Band, Learned
from risk.scores.words import words

KEY = "glucose"
MG, RATE = "mg/dL", "mg/dL/h"
TREND, SWING, OWN = "glucose_trend", "glucose_variability", "glucose"


def _one(name: str, zh: str, en: str, unit: str, group: str, monotone: int = 0, *, required: bool = False) -> Feature:
    return Feature(name=name, label=words(zh, en), unit=unit, group=group, monotone=monotone, required=required)


FEATURES: tuple[Feature, ...] = (
    _one("glucose", "当前血糖", "glucose now", MG, OWN, -1, required=True),
    _one("glucose_15", "15分钟前的血糖", "glucose 15 minutes ago", MG, TREND, required=True),
    *(_one(f"change_{lag}", f"{lag}分钟内的变化", f"change over {lag} minutes", MG, TREND) for lag in LAGS),
    *(
        _one(f"turn_{lag}", f"{lag}分钟变化的转折", f"change over {lag} minutes against the one before", MG, TREND)
        for lag in (5, 15, 30)
    ),
    _one("trend_60", "1小时斜率", "slope of the last hour", RATE, TREND),
    _one("line_30", "按直线外推30分钟的变化", "plain line: change in 30 minutes", MG, TREND, -1),
    _one("line_60", "按直线外推60分钟的变化", "plain line: change in 60 minutes", MG, TREND, -1),
    *(_one(f"above_low_{name}", f"高于{zh}最低值", f"above the lowest of {en}", MG, SWING) for name, zh, en in (
        ("1h", "1小时", "1 hour"), ("3h", "3小时", "3 hours"), ("6h", "6小时", "6 hours"))),
    *(_one(f"below_high_{name}", f"低于{zh}最高值", f"below the highest of {en}", MG, SWING) for name, zh, en in (
        ("1h", "1小时", "1 hour"), ("3h", "3小时", "3 hours"), ("6h", "6小时", "6 hours"))),
    _one("sd_1h", "1小时标准差", "SD of 1 hour", MG, SWING),
    _one("sd_3h", "3小时标准差", "SD of 3 hours", MG, SWING),
    _one("above_mean", "高于本人16小时均值", "above her own mean of 16 hours", MG, OWN),
    _one("mean_16h", "本人16小时均值", "her own mean of 16 hours", MG, OWN),
    _one("sd_16h", "本人16小时标准差", "her own SD of 16 hours", MG, SWING),
    _one("low_16h", "16小时中低于70的比例", "share of 16 hours below 70", "1", SWING),
    _one("lowest_16h", "16小时最低值", "lowest of 16 hours", MG, SWING),
    _one("highest_16h", "16小时最高值", "highest of 16 hours", MG, SWING),
    _one("hour_sin", "时刻（正弦）", "time of day (sine)", "1", "time_of_day"),
    _one("hour_cos", "时刻（余弦）", "time of day (cosine)", "1", "time_of_day"),
    _one("step", "与上一读数的间隔", "time since the reading before", "min", "background"),
    _one("type1", "1型糖尿病", "type 1 diabetes", "1", "history"),
)  # fmt: skip

ABOUT = About(
    name=words("血糖预测与低血糖预警", "Glucose forecast and warning of hypoglycaemia"),
    what=words(
        "根据动态血糖读数，预测30和60分钟后的血糖（含90%区间），以及60分钟内低于70和54 mg/dL（3.9和3.0 mmol/L）的概率。",
        "From continuous glucose readings: glucose in 30 and 60 minutes with 90 % intervals, and the probability of falling below 70 and "
        "54 mg/dL (3.9 and 3.0 mmol/L) within 60 minutes.",
    ),
    data=words(
        "上海84名1型和2型糖尿病患者（FreeStyle Libre，15分钟一次，Zhao 2023）与 Broll 的5名2型糖尿病成人（Dexcom G4，5分钟一次）。"
        "Broll 每人最后的测试段与验证段未用于训练。在两核上训练约需5分钟。",
        "84 people with type 1 and type 2 diabetes in Shanghai (FreeStyle Libre, every 15 minutes, Zhao 2023) and the five adults with "
        "type 2 of Broll (Dexcom G4, every 5 minutes), whose test and validation pieces at the end were left out. Training takes about 5 "
        "minutes on two cores.",
    ),
    not_for=words(
        "不适用于儿童、孕妇、危重症或透析患者，也不适用于指尖血糖。1型糖尿病只有8人，5分钟传感器只有5人。",
        "Not for children, pregnancy, critical illness or dialysis, nor for finger-stick glucose. Only eight people had type 1 diabetes, "
        "and only five a five-minute sensor.",
    ),
    limits=(
        words("不知道进餐、胰岛素和运动：餐后的上升和注射后的下降只能从读数中看出。",
              "It knows nothing of meals, insulin or exercise: it sees their effect only once glucose moves."),
        words("组织间液血糖落后于血液约5-15分钟；传感器误差不在区间之内。",
              "Interstitial glucose lags blood by 5 to 15 minutes; the sensor's own error is not part of the interval."),
        words("30min 和 60min 是期望值；30min_median 和 60min_median 是中位数，只用于 GlucoBench 的中位误差。",
              "30min and 60min are expected values; 30min_median and 60min_median are medians, which GlucoBench's median errors ask for."),
    ),
    use=words(
        "提前提醒查看并准备进食；已经低于70时由规则告警，本模型不取代它。最新读数超过20分钟则不作答。",
        "A prompt to look and to have carbohydrate at hand. Below 70 the rules speak and this model does not replace them. It abstains "
        "where the newest reading is older than 20 minutes.",
    ),
)  # fmt: skip


def derive(history: History, as_of: datetime) -> Mapping[str, Known]:
    """This function will give the columns of a living person at her newest CGM reading, none where that is older than 20 minutes."""
    return of_history(history, as_of)


MODEL = Learned(
    key=KEY,
    about=ABOUT,
    features=FEATURES,
    bands=(Band("low", 0.0), Band("moderate", 0.2, "watch", 0.05), Band("high", 0.5, "amber", 0.1)),
    files=("CGM readings: id, time, gl (Broll) or type, pid, rec, time, gl (Shanghai); both for training",),
    train=lambda files, say: trained(KEY, FEATURES, files, say),
    evaluate=lambda files, artefact: evaluated(KEY, FEATURES, files, artefact),
    derive=derive,
    derives_from={"cgm": timedelta(minutes=LONGEST) + STALE},
    live=True,
    every_minutes=5,
    reach=0.3,
)
