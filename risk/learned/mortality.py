"""All-cause mortality within five and ten years, from what is known at home, and with laboratory values. NHANES 1988-2002."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.learned.artefact import Artefact, Head
from risk.learned.boosting import SEED, Say, folds, learning_curve
from risk.learned.card import About
from risk.learned.inputs import Feature
from risk.learned.measures import auroc
from risk.learned.mortality_data import People, read
from risk.learned.mortality_figures import (
    AHEAD_OF_TRAINING,
    BRIEF,
    FALL_KNOWN_THEN,
    beside,
    curves,
    figures,
    raw_scores,
    risks,
    spans,
    tables,
)
from risk.learned.mortality_fit import cox, logistic, score
from risk.learned.mortality_inputs import DERIVED_FROM, DERIVED_WITH_LABS, HOME, WITH_LABS, derive
from risk.learned.proof import seen_in_training
from risk.learned.report import Report
from risk.learned.shape import Band, Learned, meta
from risk.scores.words import words

Floats = NDArray[np.float64]
FOLDS = 4
SECOND_WAVE, BETWEEN_WAVES = 2001, 2.0  # of the new survey; years from wave to wave
REACH = {"mortality-home": 0.7, "mortality-labs": 0.55}
FEATURES = {"mortality-home": HOME, "mortality-labs": WITH_LABS}


def train(key: str, files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will judge the model across persons and forward in time, then fit it on both surveys; the newest waves calibrate."""
    features, people = FEATURES[key], read(files)
    say(f"{len(people):,} people, {int(people.outcome(60)[people.known(60)].sum()):,} deaths within five years")
    raw = _out_of_fold(people, features, say)
    ahead, forward = _forward(people, features, say)
    found = figures(people, raw, None) | {name: forward[name] for name in ("ap", "brier", "brier_null", "oe", "oe_10y")}
    booster = score(people, features)
    bent = curves(raw, people, people.newest, years_ahead=AHEAD_OF_TRAINING)
    about = meta(people.table, features, files, reach=REACH[key], figures=found, lines=_lines(people, features), population=POPULATION)
    heads = {head: Head(head, "risk", "{probability}", booster, curve=curve.as_dict()) for head, curve in bent.items()}
    artefact = Artefact(key, heads, about)
    others = beside(people.of(people.newest), ahead, _lines(people.of(~people.newest), features))
    beside_it = {"forward: 1988-94 to 1999-2002": forward} | {f"forward: {name}": row for name, row in others.items()}
    say("tables and learning curve")
    here = {head: curve.at(raw)[0] for head, curve in curves(raw, people, people.newest, years_ahead=0, draws=BRIEF).items()}
    more = tables(people.of(people.newest), here["5y"][people.newest]) | {"Learning curve": _learning(people, features)}
    return artefact, Report(key, artefact.version, found, spans(people, raw, here["5y"]), beside_it, more, REMARKS)


def evaluate(key: str, files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on files of the same columns; on its own training files it says that they flatter it."""
    people = read(files)
    raw, risk = risks(artefact, people, FEATURES[key])
    others = beside(people, raw, artefact.meta["lines"])
    told = "Scored with the committed artefact; nothing was fitted on these files."
    if seen_in_training(files, artefact):
        others = {"cross-validation": artefact.meta["figures"]} | others
        told = "These files are those of training: the first line and the comparators flatter themselves. See the line cross-validation."
    found = figures(people, raw, risk)
    return Report(key, artefact.version, found, spans(people, raw, risk["5y"]), others, tables(people, risk["5y"]), (told, *REMARKS))


def _out_of_fold(people: People, features: Sequence[Feature], say: Say) -> Floats:
    raw = np.full(len(people), np.nan)
    strata = people.outcome(60) + 2 * people.newest
    for number, (inside, outside) in enumerate(folds(strata, np.arange(len(people)), n=FOLDS), start=1):
        raw[outside] = raw_scores(score(people.of(inside), features, seed=SEED + number), people.of(outside), features)
        say(f"fold {number} of {FOLDS}: AUROC of five years {auroc(people.outcome(60)[outside], raw[outside]):.4f}")
    return raw


def _forward(people: People, features: Sequence[Feature], say: Say) -> tuple[Floats, dict[str, float]]:
    """Trained on the old survey, judged on the new one; calibrated on its first wave and carried to its second, which is judged."""
    old, new = people.of(~people.newest), people.of(people.newest)
    raw = raw_scores(score(old, features), new, features)
    first = new.wave < SECOND_WAVE
    bent = curves(raw, new, first, years_ahead=BETWEEN_WAVES, fall=FALL_KNOWN_THEN, draws=BRIEF)
    second = figures(new, raw, {head: curve.at(raw)[0] for head, curve in bent.items()}, ~first)
    found = figures(new, raw, None) | {name: second[name] for name in ("ap", "brier", "brier_null", "oe", "oe_10y")}
    say(f"forward in time: AUROC of five years {found['auroc_5y']:.4f}, O:E {found['oe']:.3f}")
    return raw, found


def _lines(people: People, features: Sequence[Feature]) -> dict[str, Any]:
    names = [one.name for one in features]
    found = {"age and sex": logistic(people, ["age", "female"]), "logistic regression": logistic(people, names), "Cox": cox(people, names)}
    return {name: line.as_dict() for name, line in found.items()}


def _learning(people: People, features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Five-year AUROC of the same quarter of people, learned from growing shares of the others."""
    inside, outside = folds(people.outcome(60) + 2 * people.newest, np.arange(len(people)), n=FOLDS)[0]
    rows = []
    for share, some in learning_curve(len(inside)):
        raw = raw_scores(score(people.of(inside[some]), features), people.of(outside), features)
        rows.append({"share": share, "n": len(some), "auroc_5y": auroc(people.outcome(60)[outside], raw)})
    return rows


POPULATION = "US adults, NHANES III (1988-1994) and NHANES 1999-2002, as sampled, without survey weights; followed to 31 December 2015."
REMARKS = (
    "AUROC and C-index of the first line: out of fold by person, both surveys. AP, Brier and O:E: forward in time, trained on 1988-1994, "
    "calibrated on 1999-2000, judged on 2001-2002; the learning curve is of cross-validation.",
    "Calibrated on 1988-1994 alone, the model with laboratory values finds only five of six deaths of 1999-2002 (O:E 1.21; home inputs "
    "1.02): assays moved between the surveys. The newest wave at hand must calibrate it, and the product watches O:E for that reason.",
    "Forward in time the self-rated health of 1999 is missing in the source, which costs about 0.01 of AUROC.",
    "Curves are carried five years forward by a fall of hazard of 1.65 % a calendar year, estimated from both surveys (standard error "
    "0.27 %); the forward proof uses only the 1.0 % a year that US vital statistics of 1980 to 1990 told.",
    "Ethnicity, income, education and the survey are no features. Published biological ages, causes of death and follow-up never are.",
    "People never examined died more often; a person without blood pressure or build gets no answer from the product.",
    "No survey weights: figures are of the sample, not of the United States.",
)
_DATA = words(
    "美国 NHANES III（1988–1994）与 NHANES 1999–2002 的成年人，随访至 2015 年底，全因死亡；不含抽样权重。",
    "Adults of the US surveys NHANES III (1988-1994) and NHANES 1999-2002, followed to the end of 2015, death of any cause; unweighted.",
)
_NOT_FOR = words(
    "没有任何中国队列：未在中国人群中验证，数值只能作参考。也不适用于未成年人和孕妇；85 岁以上按 85 岁计算。",
    "No Chinese cohort stands behind it: not validated in Chinese people, where its figures are an indication at most. Not for minors and "
    "not in pregnancy; over 85 years everybody counts as 85.",
)
_LIMITS = (
    words(
        "数据来自二三十年前的美国；死亡率逐年下降已按每年 1.65% 外推，外推可能不准。",
        "The people lived in the United States decades ago; the fall of mortality is extrapolated by 1.65 % a year, which may fail.",
    ),
    words(
        "不含吸烟、疾病诊断和用药（来源没有），对这些人可能偏低或偏高。",
        "Smoking, diagnoses and medication are not in the source: for such people it may be too low or too high.",
    ),
    words(
        "它预测的是整体风险，不说明原因，也不表示改变某一项就会降低风险。",
        "It predicts; it does not explain, and changing an input need not change the risk.",
    ),
)
_USE = words(
    "供医护人员参考，用于安排随访的先后；必须结合临床判断。缺少年龄、性别、血压或体型时不给出结果。",
    "For clinicians, to order follow-up; never instead of judgement. Without age, sex, blood pressure or build it abstains.",
)


def _learned(key: str, zh: str, en: str, inputs_zh: str, inputs_en: str) -> Learned:
    return Learned(
        key=key,
        about=About(
            name=words(zh, en),
            what=words(
                f"五年内（及十年内）任何原因死亡的概率，依据{inputs_zh}。",
                f"The probability of death of any cause within five (and ten) years, from {inputs_en}.",
            ),
            data=_DATA,
            not_for=_NOT_FOR,
            limits=_LIMITS,
            use=_USE,
        ),
        features=FEATURES[key],
        # Bands order the follow-up; only the last is told, and nobody is called for it: most people over eighty are in it.
        bands=(
            Band("low", 0.0),
            Band("moderate", 0.02, margin=0.002),
            Band("high", 0.075, margin=0.0075),
            Band("very_high", 0.2, "info", 0.02),
        ),
        files=("NHANES rows as described in the data's README; several files are read one under the other",),
        train=partial(train, key),
        evaluate=partial(evaluate, key),
        derive=derive,
        derives_from=DERIVED_FROM if key == "mortality-home" else DERIVED_WITH_LABS,
        live=True,
        every_minutes=5,
        reach=REACH[key],
        staff_only=True,
        not_for=frozenset({"pregnant"}),
    )


HOME_MODEL = _learned(
    "mortality-home", "五年死亡风险（居家数据）", "Five-year mortality (home inputs)", "居家可得的数据", "what is known at home"
)
LABS_MODEL = _learned(
    "mortality-labs",
    "五年死亡风险（含化验）",
    "Five-year mortality (with laboratory)",
    "居家数据和化验",
    "home inputs and laboratory values",
)
