"""All scores by key, and which of them fits whom (the defaults of the locale come first)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from healthhub.lib.refused import Invalid
from risk.scores import (
    ada,
    bode,
    cdrs,
    chads,
    china_par,
    ckd_epi,
    findrisc,
    framingham,
    gmi,
    has_bled,
    kdigo,
    kfre,
    maggic,
    mood,
    news2,
    pce,
    prevent,
    score2,
    score2_ap,
    score2_diabetes,
    score2_op,
)  # fmt: skip
from risk.scores.shape import Score
from risk.scores.words import Words, words

SCORES: tuple[Score, ...] = (
    prevent.TEN_YEARS,
    prevent.THIRTY_YEARS,
    china_par.SCORE,
    score2.SCORE,
    score2_op.SCORE,
    score2_diabetes.SCORE,
    score2_ap.SCORE,
    pce.SCORE,
    framingham.LIPIDS,
    framingham.BMI,
    ckd_epi.SCORE,
    kdigo.SCORE,
    kfre.SCORE,
    chads.VASC,
    chads.VA,
    has_bled.SCORE,
    maggic.SCORE,
    bode.SCORE,
    findrisc.SCORE,
    cdrs.SCORE,
    ada.SCORE,
    mood.PHQ9,
    mood.GAD7,
    news2.SCORE,
    gmi.SCORE,
)
BY_KEY: Mapping[str, Score] = {score.key: score for score in SCORES}
LOCALES = ("CN", "US", "EU")
DIABETES = ("diabetes_t1", "diabetes_t2")
# What a clinician wants to know -> locale -> scores, the locale's own first. The first that fits is the default.
CARDIOVASCULAR = {
    "CN": ("china_par", "score2_ap", "prevent_10y"),
    "US": ("prevent_10y", "pce", "framingham_lipids", "framingham_bmi"),
    "EU": ("score2", "score2_op", "score2_diabetes"),
}
# In Europe diabetes asks for its own score; elsewhere it is a term of the usual one.
CARDIOVASCULAR_IN_DIABETES = CARDIOVASCULAR | {"EU": ("score2_diabetes", "score2_op")}
UNDIAGNOSED_DIABETES = {"CN": ("cdrs", "findrisc"), "US": ("ada",), "EU": ("findrisc",)}
STROKE = {"CN": ("cha2ds2_vasc", "cha2ds2_va"), "US": ("cha2ds2_vasc", "cha2ds2_va"), "EU": ("cha2ds2_va", "cha2ds2_vasc")}
# Needs that are the same everywhere: need -> (conditions of which one must hold, none meaning everybody; scores).
EVERYWHERE: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bleeding": (("atrial_fibrillation",), ("has_bled",)),
    "kidney_function": ((), ("ckd_epi",)),
    "kidney_risk": ((), ("kdigo",)),
    "kidney_failure": (("ckd",), ("kfre",)),
    "heart_failure": (("heart_failure",), ("maggic",)),
    "copd": (("copd",), ("bode",)),
    "glucose": (DIABETES, ("gmi",)),
    "depression": ((), ("phq9",)),
    "anxiety": ((), ("gad7",)),
    "acute": ((), ("news2",)),
}
NEEDS: Mapping[str, Words] = {
    "cardiovascular": words("心血管病风险", "cardiovascular risk"),
    "cardiovascular_30y": words("三十年心血管病风险", "30-year cardiovascular risk"),
    "undiagnosed_diabetes": words("未诊断的糖尿病", "undiagnosed diabetes"),
    "stroke": words("房颤卒中", "stroke in atrial fibrillation"),
    "bleeding": words("出血", "bleeding"),
    "kidney_function": words("肾功能", "kidney function"),
    "kidney_risk": words("肾脏病风险分层", "risk of kidney disease"),
    "kidney_failure": words("肾衰竭", "kidney failure"),
    "heart_failure": words("心衰死亡风险", "death in heart failure"),
    "copd": words("慢阻肺", "chronic obstructive pulmonary disease"),
    "glucose": words("血糖管理", "glucose management"),
    "depression": words("抑郁", "depression"),
    "anxiety": words("焦虑", "anxiety"),
    "acute": words("急性恶化", "acute deterioration"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What answers a need for one person: the default, or None with the reason; further scores that would fit as well."""

    need: str
    score: Score | None
    others: tuple[Score, ...]
    why: Words


def for_whom(*, age: float, sex: str, locale: str, conditions: Iterable[str]) -> tuple[Choice, ...]:
    """This function will choose, for each need this person has, the score that fits age and conditions in that locale.

    Raises Invalid(code="unknown_locale" | "not_a_choice").
    """
    if locale not in LOCALES:
        raise Invalid(f"There is no choice of scores for {locale!r}.", code="unknown_locale", field="locale")
    if sex not in ("female", "male"):
        raise Invalid("The scores know female and male.", code="not_a_choice", field="sex")
    known = frozenset(conditions)
    return tuple(_chosen(need, [BY_KEY[key] for key in keys], age, known) for need, keys in _needs(locale, known).items())


def _needs(locale: str, conditions: frozenset[str]) -> dict[str, tuple[str, ...]]:
    diabetic = not conditions.isdisjoint(DIABETES)
    needs = {"cardiovascular": (CARDIOVASCULAR_IN_DIABETES if diabetic else CARDIOVASCULAR)[locale]}
    if locale == "US":
        needs["cardiovascular_30y"] = ("prevent_30y",)
    if not diabetic:
        needs["undiagnosed_diabetes"] = UNDIAGNOSED_DIABETES[locale]
    if "atrial_fibrillation" in conditions:
        needs["stroke"] = STROKE[locale]
    return needs | {need: keys for need, (asked, keys) in EVERYWHERE.items() if not asked or not conditions.isdisjoint(asked)}


def _chosen(need: str, scores: list[Score], age: float, conditions: frozenset[str]) -> Choice:
    against = {score.key: _objection(score, age, conditions) for score in scores}
    fitting = [score for score in scores if against[score.key] is None]
    if fitting:
        return Choice(need, fitting[0], tuple(fitting[1:]), fitting[0].population)
    return Choice(need, None, (), against[scores[0].key] or scores[0].population)


def _objection(score: Score, age: float, conditions: frozenset[str]) -> Words | None:
    """Why a score is not for this person: a condition, or the age."""
    reasons = [score.not_for[one] for one in sorted(conditions) if one in score.not_for]
    if reasons:
        return reasons[0]
    ages = [one for one in score.inputs if one.name == "age"]
    wrong = [problem for one in ages if not isinstance(problem := one.read(age), float)]
    return None if not wrong or not hasattr(wrong[0], "words") else wrong[0].words
