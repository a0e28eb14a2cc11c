"""The packs: complete, bilingual, sourced; limits and definitions refused by the name of the wrong field."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import BY_KEY, DATA_CLASSES
from monitoring import packs
from monitoring.judge import PatientContext, Plan, Reading, backtest
from monitoring.judging.rules import SLOTS
from tests.monitoring.judging_kit import PLANS, START, bp, fired, mg, one

LOCALES = ("CN", "US", "EU")
# Every rule of the clinical text that readings alone can decide.
IDS = [
    "BP-01",
    "BP-02",
    "BP-03",
    "BP-04",
    "BP-05",
    "BP-06",
    "BP-07",
    "BP-08",
    "BP-09",
    "GL-L3",
    "GL-L2",
    "GL-L1",
    "GL-H1",
    "GL-H2",
    "GL-H3",
    "GL-K1",
    "GL-HBA1C",
    "CGM-L2",
    "CGM-L1",
    "CGM-PRED",
    "CGM-FALL",
    "CGM-H2",
    "CGM-SIG",
    "HF-W1",
    "HF-W2",
    "HF-W3",
    "HF-W4",
    "HF-W5",
    "HF-H1",
    "HF-S1",
    "HF-C1",
    "HF-L1",
    "OX-1",
    "OX-2",
    "OX-3",
    "OX-4",
    "NEWS2-5",
    "NEWS2-7",
    "HR-1",
    "HR-2",
    "HR-3",
    "AF-1",
    "AF-2",
    "AF-3",
    "AF-4",
    "INR-1",
    "T-1",
    "T-2",
    "T-3",
    "T-4",
    "PEF-Y",
    "PEF-R",
    "COPD-1",
    "CKD-K6",
    "PHQ-I9",
    "PAIN-1",
    "SX-STROKE",
    "SX-CHEST",
    "MD-HF",
    "MD-BP",
    "MD-GLU1",
    "MD-MED",
]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_pack_is_complete(locale: str) -> None:
    rules = packs.load(locale)
    assert set(IDS) <= {rule.id for rule in rules}
    for rule in rules:
        assert rule.source
        assert rule.version
        assert datetime.fromisoformat(rule.effective_from)
        assert rule.data_class in DATA_CLASSES
        assert rule.kinds
        assert rule.kinds <= set(BY_KEY)
        assert (rule.condition is None) != (rule.missing is None)
        assert rule.severity != "red" or not rule.may_off, f"{rule.id}: RED is not to be silenced"
        for text in (*rule.patient_text.values(), *rule.clinician_text.values(), *rule.name.values()):
            text.format_map(dict.fromkeys(SLOTS, "1"))
        assert any("\u4e00" <= letter <= "\u9fff" for letter in rule.patient_text["zh-hans"])
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in rule.patient_text["en"])


def test_only_red_urgent_and_what_needs_a_person_stay_open() -> None:
    for rule in packs.load("CN"):
        assert not (rule.severity == "red" and rule.auto_close)
    closing = {rule.id for rule in packs.load("CN") if rule.auto_close and rule.severity == "urgent"}
    assert closing == {"CGM-L2"}, "a second night's low must be an alarm of its own"


@pytest.mark.parametrize("locale", LOCALES)
def test_of_one_id_a_patient_has_one_rule(locale: str) -> None:
    rules = packs.load(locale)
    twice = {rule.id for rule in rules if sum(other.id == rule.id for other in rules) > 1}
    for rule_id in twice:
        same = [rule for rule in rules if rule.id == rule_id]
        words = sorted({word for rule in same for word in (*rule.population.any, *rule.population.all, *rule.population.none)})
        for chosen in product((False, True), repeat=len(words)):
            conditions = frozenset(word for word, has in zip(words, chosen, strict=True) if has)
            assert sum(rule.population.has(conditions) for rule in same) == 1


def test_limits_are_kept_in_both_units() -> None:
    rules = {rule.id: rule for rule in packs.load("US")}
    assert rules["GL-L2"].limits["below"] == {"mmol/L": 3.0, "mg/dL": 54}
    assert rules["GL-H3"].limits["at_least"] == {"mmol/L": 16.7, "mg/dL": 300}
    assert rules["T-1"].limits["at_least"] == {"Cel": 38.0, "[degF]": 100.4}


def test_unknown_locale() -> None:
    with pytest.raises(Invalid) as refused:
        packs.load("XX")
    assert refused.value.field == "locale"


def test_device_mode() -> None:
    ids = {rule.id for rule in packs.load("US", device_mode=False)}
    assert not ids & {"CGM-PRED", "AF-1", "AF-2"}
    assert "CGM-L2" in ids


def own(rule: str, **changes: Any) -> Plan:
    return Plan(packs.with_limits(packs.load("US"), {rule: changes}))


def test_a_limit_in_one_unit_holds_in_the_other() -> None:
    plan = own("GL-L1", below={"value": 80, "unit": "mg/dL"})
    assert fired([mg(0, 79)], plan=plan, family="GL") == {"GL-L1"}
    assert fired([mg(0, 80)], plan=plan, family="GL") == set()
    assert fired([one("glucose", 0, 4.43)], plan=plan, family="GL") == {"GL-L1"}
    assert fired([one("glucose", 0, 4.45)], plan=plan, family="GL") == set()
    plan = own("GL-L1", below={"value": 4.4, "unit": "mmol/L"})
    assert fired([mg(0, 79)], plan=plan, family="GL") == {"GL-L1"}, "4.38 mmol/L"
    assert fired([mg(0, 80)], plan=plan, family="GL") == set(), "4.44 mmol/L"


BAD_LIMITS = [
    ("BP-01", {"top": {"value": 170, "unit": "mm[Hg]"}}, "changes.top"),
    ("BP-01", {"sbp": {"value": 17, "unit": "mm[Hg]"}}, "changes.sbp.value"),
    ("BP-01", {"sbp": {"value": float("nan"), "unit": "mm[Hg]"}}, "changes.sbp.value"),
    ("BP-01", {"sbp": {"value": True, "unit": "mm[Hg]"}}, "changes.sbp.value"),
    ("BP-01", {"sbp": {"value": 170, "unit": "kPa"}}, "changes.sbp.unit"),
    ("BP-01", {"sbp": 170}, "changes.sbp"),
    ("BP-01", {"off": 1}, "changes.off"),
    ("BP-01", {}, "changes"),
    ("CGM-L2", {"off": True}, "changes.off"),
    ("SX-STROKE", {"off": True}, "changes.off"),
]


@pytest.mark.parametrize(("rule", "changes", "field"), BAD_LIMITS)
def test_a_wrong_limit_is_refused_by_its_field(rule: str, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        packs.with_limits(packs.load("US"), {rule: changes})
    assert refused.value.field == field
    assert refused.value.code == "bad_limit"


def test_a_limit_may_outlive_its_rule() -> None:
    assert packs.with_limits(packs.load("US"), {"GONE-1": {"off": True}}) == packs.load("US")


def definition(**changes: Any) -> dict[str, Any]:
    words = {"zh-hans": "血压 {value}", "en": "Blood pressure {value}"}
    made: dict[str, Any] = {
        "id": "TEAM-1",
        "severity": "amber",
        "source": "Our clinic, 2026",
        "name": {"zh-hans": "早晨血压", "en": "Morning pressure"},
        "patient": words,
        "clinician": words,
        "limits": {"top": {"mm[Hg]": 150}},
        "when": {"type": "threshold", "kinds": ["bp"], "any": [{"at_least": "top"}]},
    }
    return made | changes


def test_a_teams_own_rule() -> None:
    rule = packs.from_definition(definition())
    assert rule.data_class == "vitals"
    assert rule.kinds == {"bp"}
    assert fired([bp(0, 150)], plan=Plan((rule,))) == {"TEAM-1"}
    assert fired([bp(0, 149)], plan=Plan((rule,))) == set()


WHEN = definition()["when"]
BAD_RULES: list[tuple[Any, str | None]] = [
    ([], None),
    (definition(id="bad id"), "id"),
    (definition(severity="terrible"), "severity"),
    (definition(source=""), "source"),
    (definition(colour="red"), "colour"),
    (definition(locales=["MARS"]), "locales"),
    (definition(population={"any": ["sad"]}), "population.any"),
    (definition(name={"en": "x"}), "name.zh-hans"),
    (definition(patient={"zh-hans": "{x.y}", "en": "x"}), "patient.zh-hans"),
    (definition(patient={"zh-hans": "{value!r}", "en": "x"}), "patient.zh-hans"),
    (definition(patient={"zh-hans": "{", "en": "x"}), "patient.zh-hans"),
    (definition(name={"zh-hans": "{value}", "en": "x"}), "name.zh-hans"),
    (definition(limits={"top": {"mm[Hg]": "150"}}), "limits.top.mm[Hg]"),
    (definition(limits={"top": {"mm[Hg]": float("inf")}}), "limits.top.mm[Hg]"),
    (definition(limits={"top": {"mg/dL": 150}}), "limits.top.mg/dL"),
    (definition(limits={"top": {}}), "limits.top"),
    (definition(limits={"top": {"mm[Hg]": 150}, "more": {"mm[Hg]": 1}}), "limits.more"),
    (definition(when=WHEN | {"type": "magic"}), "when.type"),
    (definition(when=WHEN | {"kinds": ["aura"]}), "when.kinds"),
    (definition(when=WHEN | {"kinds": []}), "when.kinds"),
    (definition(when=WHEN | {"kinds": ["bp", "hr"]}), "when.kinds"),
    (definition(when=WHEN | {"any": [{"at_least": "bottom"}]}), "when.any.0.at_least"),
    (definition(when=WHEN | {"any": [{"at_least": "top", "below": "top"}]}), "when.any.0"),
    (definition(when=WHEN | {"any": []}), "when.any"),
    (definition(when=WHEN | {"repeat": [{"within": "5 minutes"}]}), "when.repeat.0.within"),
    (definition(when=WHEN | {"repeat": [{"within": "900d"}]}), "when.repeat.0.within"),
    (definition(when=WHEN | {"often": True}), "when.often"),
    ({key: value for key, value in definition().items() if key != "when"}, "when"),
]


@pytest.mark.parametrize(("data", "field"), BAD_RULES, ids=[str(row[1]) for row in BAD_RULES])
def test_a_wrong_definition_is_refused_by_its_field(data: Any, field: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        packs.from_definition(data)
    assert refused.value.field == field
    assert refused.value.code == "bad_rule"


def test_silence() -> None:
    silent = {rule.id: missing for rule, missing in packs.missing_rules(packs.load("CN"))}
    assert [(tier.after.days, tier.who) for tier in silent["MD-HF"].tiers] == [(2, "patient"), (3, "carer"), (5, "nurse")]
    assert silent["CGM-SIG"].hours == (22, 6)
    assert silent["CGM-SIG"].tiers[0].after == timedelta(minutes=30)
    assert silent["MD-GLU1"].tiers[0].after == timedelta(hours=24)


def test_windows_are_no_longer_than_needed() -> None:
    plan = PLANS["CN"]
    assert plan.window("cgm", frozenset()) <= timedelta(hours=2)
    assert plan.window("hr", frozenset()) <= timedelta(hours=1)
    assert plan.window("hr", frozenset({"atrial_fibrillation"})) >= timedelta(hours=24)
    assert plan.window("steps", frozenset()) <= timedelta(minutes=10)
    assert plan.window("mood") == timedelta(0)
    assert plan.windows(frozenset({"cgm"}), frozenset()).keys() == {"cgm"}


def test_backtest() -> None:
    rule = next(rule for rule in packs.load("CN") if rule.id == "CGM-L2")
    zone = ZoneInfo("Asia/Shanghai")
    night = START.replace(hour=16, minute=0)  # midnight in Shanghai
    dips = [60] * 4 + [50, 45, 60, 60, 60, 60] + [60] * 10 + [53, 60, 60, 60, 60]
    readings = [Reading("cgm", night + timedelta(minutes=5 * n), v / 18, context={"unit": "mg/dL", "sent": v}) for n, v in enumerate(dips)]
    found = backtest(rule, readings, PatientContext(), zone)
    assert [(e.start - night, e.end - night if e.end else None, e.count) for e in found.episodes] == [
        (timedelta(minutes=20), timedelta(minutes=45), 2),
        (timedelta(minutes=100), timedelta(minutes=120), 1),
    ]
    assert found.nights == 2
    assert found.readings == len(readings)
    assert found.per_week == 2.0
    assert found.episodes[0].peak == pytest.approx(45 / 18)
    assert backtest(rule, [], PatientContext(), UTC).episodes == ()


def test_backtest_ends_what_a_person_would_have_to_close() -> None:
    rule = next(rule for rule in packs.load("CN") if rule.id == "BP-01")
    found = backtest(rule, [bp(0, 185), bp(2, 190), bp(60, 140), bp(200, 181), bp(202, 181)], PatientContext(), UTC)
    assert [(e.peak, e.count, e.end is None) for e in found.episodes] == [(190, 1, False), (181, 1, True)]
