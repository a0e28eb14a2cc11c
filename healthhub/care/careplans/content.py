"""What a care plan says: targets, a measuring schedule, education, first tasks; its templates, and what it may say. No database."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import BY_KEY, Kind

# Condition -> the class of data it speaks of: whoever may not see that class does not see the plan.
CLASS_OF: Mapping[str, str] = {
    "hypertension": "vitals",
    "diabetes_t1": "glucose",
    "diabetes_t2": "glucose",
    "heart_failure": "vitals",
    "copd": "respiratory",
    "ckd": "labs",
    "atrial_fibrillation": "vitals",
    "obesity": "body",
}
PERIODS: Mapping[str, tuple[float, str]] = {
    "day": (1, "d"),
    "week": (1, "wk"),
    "month": (1, "mo"),
    "quarter": (3, "mo"),
}  # UCUM, as FHIR says
BOUNDS = ("below", "above", "at_least", "at_most")
MOST, LONGEST = 20, 400
Text = Mapping[str, str]

_FILE = tomllib.loads((Path(__file__).parent / "templates.toml").read_text(encoding="utf-8"))
VERSION: str = _FILE["version"]
EDUCATION: Mapping[str, Text] = _FILE["education"]
TASKS: Mapping[str, Text] = _FILE["tasks"]


@dataclass(frozen=True, slots=True)
class Template:
    """Where a plan begins: its content, first tasks (key of TASKS, days from the start), days to the review, and the source."""

    content: dict[str, Any]
    tasks: Sequence[tuple[str, int]]
    review_days: int
    source: str


def template(*, condition: str, locale: str, age: int | None) -> Template:
    """This function will give the template for a condition (see CLASS_OF), locale (CN, US, EU) and age in years (None: of any adult).

    Raises Invalid `unknown_condition`.
    """
    for one in _FILE["template"]:
        fits = one["condition"] == condition and locale in one["locales"]
        if fits and (age is None or one.get("min_age", 0) <= age <= one.get("max_age", 200)):
            education = [dict(EDUCATION[key]) for key in one["education"]]
            content = {"targets": one["targets"], "schedule": one["schedule"], "education": education}
            return Template(content, [(task["what"], task["after_days"]) for task in one["tasks"]], one["review_days"], one["source"])
    raise Invalid("For this condition there is no care plan.", code="unknown_condition", field="condition")


def age_of(birth_date: date | None, today: date) -> int | None:
    """This function will give the age in whole years."""
    if birth_date is None:
        return None
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


def checked(content: Mapping[str, Any]) -> dict[str, Any]:
    """This function will give the content as it is kept. Raises Invalid with the field that is wrong: `targets.0.kind`."""
    parts = {name: content.get(name, []) for name in ("targets", "schedule", "education")}
    for name, lines in parts.items():
        if len(lines) > MOST:
            raise Invalid("At most twenty lines.", code="too_many", field=name)
    targets = [_target(line, f"targets.{n}") for n, line in enumerate(parts["targets"])]
    schedule = [_frequency(line, f"schedule.{n}") for n, line in enumerate(parts["schedule"])]
    for name, kept in (("targets", targets), ("schedule", schedule)):
        if len({line["kind"] for line in kept}) < len(kept):
            raise Invalid("Each kind of reading stands here once.", code="twice", field=name)
    return {
        "targets": targets,
        "schedule": schedule,
        "education": [_text(line, f"education.{n}") for n, line in enumerate(parts["education"])],
    }


def _kind(key: Any, where: str) -> Kind:
    kind = BY_KEY.get(key) if isinstance(key, str) else None
    if kind is None or kind.codes:
        raise Invalid("The catalogue does not know this kind.", code="unknown_kind", field=f"{where}.kind")
    return kind


def _target(line: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`at_least` with `at_most`, or below, or above; the second component of a pair with a 2 behind the word."""
    kind = _kind(line.get("kind"), where)
    kept: dict[str, Any] = {"kind": kind.key}
    for suffix, hard in (("", kind.hard), ("2", kind.hard2)):
        given = {bound: line[bound + suffix] for bound in BOUNDS if line.get(bound + suffix) is not None}
        if not given:
            continue
        if hard is None or set(given) not in ({"below"}, {"above"}, {"at_least", "at_most"}):
            raise Invalid("A target is below, above, or at least and at most a value.", code="bad_target", field=where)
        if not all(hard[0] <= value <= hard[1] for value in given.values()) or given.get("at_least", hard[0]) > given.get(
            "at_most", hard[1]
        ):
            raise Invalid("Nobody can have this value.", code="impossible_value", field=where)
        kept |= {bound + suffix: value for bound, value in given.items()}
    if len(kept) == 1:
        raise Invalid("Say what is aimed at.", code="missing_field", field=where)
    return kept


def _frequency(line: Mapping[str, Any], where: str) -> dict[str, Any]:
    kind, times, per = _kind(line.get("kind"), where), line.get("times"), line.get("per")
    if not isinstance(times, int) or not 1 <= times <= 24:
        raise Invalid("Between 1 and 24 times.", code="out_of_range", field=f"{where}.times")
    if per not in PERIODS:
        raise Invalid("Per day, week, month or quarter.", code="bad_value", field=f"{where}.per")
    return {"kind": kind.key, "times": times, "per": per}


def _text(line: Mapping[str, Any], where: str) -> dict[str, str]:
    """In both languages, or in the one it was written in for both."""
    texts = {name: str(line.get(name, "")).replace("\x00", "").strip() for name in ("en", "zh-hans")}
    said = texts["en"] or texts["zh-hans"]
    if not said or max(map(len, texts.values())) > LONGEST:
        raise Invalid("Write between 1 and 400 characters.", code="bad_length", field=where)
    return {name: text or said for name, text in texts.items()}
