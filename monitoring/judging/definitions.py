"""Makes a rule from plain data: a table of a pack's TOML, or the JSON a team wrote. Anything wrong is refused by the name of its field.

- id, version, source, effective_from, data_class, severity: what it is
- name, patient, clinician, ask: texts in zh-hans and en; patient and clinician may use the words of rules.SLOTS in braces
- locales, family, population = {any, all, none}, auto_close, off, may_off, device_mode
- limits = {name = {"mmol/L" = 3.9, "mg/dL" = 70}}: the figures; the canonical unit must be among them
- when = {type = "threshold" | "sustained" | ...}: the condition, see compile.py
- missing = {kinds, every, tiers, hours}: silence, instead of `when`
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from string import Formatter
from typing import Any

from healthhub.records.catalogue import BY_KEY, DATA_CLASSES
from monitoring.judging.compile import Limits, condition_of
from monitoring.judging.rules import LANGUAGES, SLOTS, Missing, Population, Rule, Tier
from monitoring.judging.spec import Spec
from monitoring.judging.values import SEVERITIES

RULE_ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
LOCALES = frozenset({"CN", "US", "EU"})
WHO = frozenset({"patient", "carer", "nurse", "staff", "support"})
# What rules ask of a patient: diagnoses, medication, standing orders, circumstances.
CONDITIONS = frozenset({
    "hypertension", "diabetes_t1", "diabetes_t2", "heart_failure", "copd", "asthma", "atrial_fibrillation", "ckd",
    "pregnant", "postpartum", "immunosuppressed", "athlete", "recently_discharged",
    "insulin", "insulin_pump", "sulfonylurea", "sglt2i", "antihypertensive", "diuretic", "raasi", "anticoagulant", "rate_control",
    "critical_medication", "on_oxygen", "target_spo2_88_92", "diagnostic_week",
})  # fmt: skip


def rule_of(data: Any) -> Rule:
    """This function will make a rule from its definition. Raises Invalid(code="bad_rule", field=...) naming the wrong field."""
    spec = Spec(data)
    rule_id = spec.text("id", longest=40)
    if not RULE_ID.fullmatch(rule_id):
        spec.refuse("id", "must be capital letters and figures with hyphens, such as BP-01")
    limits = Limits(spec.table("limits"))
    missing = _missing(spec.table("missing")) if spec.has("missing") else None
    condition = None
    if missing is None:
        if not spec.has("when"):
            spec.refuse("when", "is needed")
        condition = condition_of(spec.table("when"), limits)
    kinds = condition.kinds if condition is not None else missing.kinds if missing is not None else ()
    rule = Rule(
        id=rule_id,
        version=spec.text("version", "1", longest=20),
        severity=spec.choice("severity", SEVERITIES),
        data_class=spec.choice("data_class", DATA_CLASSES, _data_class(kinds)),
        source=spec.text("source", longest=600),
        effective_from=spec.text("effective_from", "2026-11-23", longest=10),
        locales=spec.words("locales", LOCALES) or LOCALES,
        population=_population(spec.table("population")),
        condition=condition,
        missing=missing,
        family=spec.text("family", "", longest=40),
        auto_close=spec.flag("auto_close", False),
        off=spec.flag("off", False),
        may_off=spec.flag("may_off", True),
        device_mode=spec.flag("device_mode", False),
        patient_text=_texts(spec.table("patient"), slots=True),
        clinician_text=_texts(spec.table("clinician"), slots=True),
        name=_texts(spec.table("name")),
        ask=_texts(spec.table("ask")) if spec.has("ask") else None,
        limits=limits.figures,
        definition=data,
    )
    limits.all_used()
    for table in ("limits", "when", "missing", "population", "patient", "clinician", "name", "ask"):
        spec.raw(table)
    spec.done()
    return rule


def _data_class(kinds: Any) -> str:
    """The class of the first kind: what a viewer's consent must cover, unless the rule says otherwise."""
    return next((BY_KEY[kind].data_class for kind in sorted(kinds)), "vitals")


def _population(spec: Spec) -> Population:
    found = Population(spec.words("any", CONDITIONS), spec.words("all", CONDITIONS), spec.words("none", CONDITIONS))
    spec.done()
    return found


def _texts(spec: Spec, *, slots: bool = False) -> Mapping[str, str]:
    texts = {language: spec.text(language, longest=600) for language in LANGUAGES}
    spec.done()
    for language, text in texts.items():
        _check_slots(spec, language, text, slots)
    return texts


def _check_slots(spec: Spec, language: str, text: str, slots: bool) -> None:
    try:
        used = [(name, form, conversion) for _, name, form, conversion in Formatter().parse(text) if name is not None]
    except ValueError:
        spec.refuse(language, "has an unpaired brace")
    for name, form, conversion in used:
        if not slots or name not in SLOTS or form or conversion:
            spec.refuse(language, f"uses {{{name}}}, which is not known" if slots else "takes no words in braces")


def _missing(spec: Spec) -> Missing:
    kinds = tuple(sorted(spec.words("kinds", BY_KEY)))
    if not kinds:
        spec.refuse("kinds", "is needed")
    tiers = []
    for one in spec.tables("tiers"):
        after = timedelta(seconds=one.seconds("after"))
        tiers.append(Tier(after, one.choice("severity", SEVERITIES), one.choice("who", WHO)))
        one.done()
    if not tiers or [tier.after for tier in tiers] != sorted({tier.after for tier in tiers}):
        spec.refuse("tiers", "must be there, each later than the one before")
    hours = spec.raw("hours")
    if hours is not None and not (
        isinstance(hours, list | tuple) and len(hours) == 2 and all(type(h) is int and 0 <= h <= 24 for h in hours)
    ):
        spec.refuse("hours", "must be two hours from 0 to 24")
    found = Missing(kinds, timedelta(seconds=spec.seconds("every")), tuple(tiers), (hours[0], hours[1]) if hours else None)
    spec.done()
    return found
