"""What a learned model asks for: each input with its unit, where it comes from in a living record, and how old it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from risk.scores.words import Words, words

# What an input belongs to in the eyes of a person: contributions are told by group, not by column.
GROUPS: Mapping[str, Words] = MappingProxyType(
    {
        "age": words("年龄", "age"),
        "sex": words("性别", "sex"),
        "blood_pressure": words("血压", "blood pressure"),
        "heart_rate": words("心率", "heart rate"),
        "breathing": words("呼吸与血氧", "breathing and oxygen"),
        "temperature": words("体温", "temperature"),
        "consciousness": words("意识", "consciousness"),
        "body": words("体重与体型", "weight and build"),
        "glucose": words("血糖", "glucose"),
        "glucose_trend": words("血糖走势", "where glucose is heading"),
        "glucose_variability": words("血糖波动", "how much glucose swings"),
        "time_of_day": words("一天中的时间", "time of day"),
        "meals_insulin": words("进餐与胰岛素", "meals and insulin"),
        "lipids": words("血脂", "blood lipids"),
        "kidney": words("肾功能", "kidney function"),
        "liver": words("肝功能", "liver"),
        "inflammation": words("炎症", "inflammation"),
        "blood_count": words("血常规", "blood count"),
        "electrolytes": words("电解质与酸碱", "electrolytes and acid-base"),
        "activity": words("活动", "activity"),
        "sleep": words("睡眠", "sleep"),
        "habits": words("生活习惯", "habits"),
        "own_view": words("自评健康", "own view of her health"),
        "function": words("日常活动能力", "daily functioning"),
        "history": words("病史", "medical history"),
        "hospital_use": words("住院与就诊", "use of hospitals"),
        "treatment": words("治疗", "treatment"),
        "complaint": words("主诉", "complaint"),
        "arrival": words("到院方式", "way of arrival"),
        "background": words("背景", "background"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Where a living record holds an input: a kind of observation, a condition, or a fact of the person.

    `how` over the last `within`: latest, mean, median, low, high, spread (SD), slope (per day), count, change (newest minus oldest);
    for `condition`: 1.0 or 0.0; for `fact`: age (years), female, hour (local clock), days_known.
    `fresh`: an older newest reading counts as stale, which is a reason to abstain where the input is required.
    `factor`, `plus`: from the canonical unit of the kind to the unit of the model (value * factor + plus).
    """

    kind: str = ""
    part: str = "value"  # value | value2
    how: str = "latest"
    within: timedelta = timedelta(days=365)
    fresh: timedelta = timedelta(days=365)
    factor: float = 1.0
    plus: float = 0.0
    condition: str = ""
    fact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of a model. `monotone` is +1 where risk may never fall as it rises, -1 where it may never rise.

    `low` and `high` bound what is possible; what was trained on stands in the artefact. A model abstains where a `required` input is
    missing, stale or outside the trained range. `take` is None for columns that a model's own code derives. `changeable`: what-if
    questions may vary it.
    """

    name: str
    label: Words
    unit: str
    group: str
    monotone: int = 0
    low: float = -1e9
    high: float = 1e9
    required: bool = False
    changeable: bool = False
    take: Take | None = None
    how: str = "measure"  # how it is come by, a key of risk.scores.words.HOW

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"{self.name}: there is no group {self.group!r}")
