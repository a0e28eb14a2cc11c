"""The catalogue of kinds: its numbers are a promise to stored rows, its ranges a promise to patients."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from healthhub.lib.refused import Invalid
from healthhub.lib.units import round_half_up, to_canonical
from healthhub.records import catalogue
from healthhub.records.catalogue import BY_KEY, BY_NUMBER, DATA_CLASSES, KINDS, Kind, leaps, plausible

kinds = st.sampled_from(KINDS)
single = st.sampled_from([kind for kind in KINDS if kind.components == 1])

# Numbers stand in stored rows. A line may be added here; a changed line would change what old readings mean.
NUMBERS = {
    "bp": 1, "map": 2, "hr": 3, "rhr": 4, "hrv_sdnn": 5, "hrv_rmssd": 6, "spo2": 7, "rr": 8, "temp": 9, "skin_temp_delta": 10,
    "skin_temp": 11, "ecg_rhythm": 12, "irregular_rhythm": 13, "af_burden": 14, "vo2max": 15, "consciousness": 16, "oxygen_flow": 17,
    "gcs": 18,
    "weight": 50, "dry_weight": 51, "height": 52, "bmi": 53, "waist": 54, "body_fat": 55,
    "glucose": 100, "cgm": 101, "fpg": 102, "glucose_2h": 103, "cgm_mean": 104, "cgm_in_range": 105, "cgm_low": 106, "cgm_very_low": 107,
    "cgm_high": 108, "cgm_very_high": 109, "gmi": 110, "cgm_cv": 111, "cgm_wear": 112, "cgm_days": 113, "ketone": 114,
    "carbs": 115, "insulin": 116,
    "hba1c": 150, "cholesterol": 151, "ldl": 152, "hdl": 153, "triglycerides": 154, "creatinine": 155, "egfr": 156, "uacr": 157,
    "potassium": 158, "uric_acid": 159, "inr": 160,
    "albumin": 161, "alp": 162, "urea_nitrogen": 163, "bilirubin": 164, "ggt": 165, "crp": 166,
    "wbc": 167, "lymphocytes": 168, "monocytes": 169, "rbc": 170, "mcv": 171, "rdw": 172, "haemoglobin": 173, "haematocrit": 174,
    "platelets": 175, "sodium": 176, "bicarbonate": 177, "lactate": 178, "cystatin_c": 179,
    "pef": 200, "pef_best": 201, "fev1": 202, "fvc": 203, "inhaler": 204,
    "steps": 250, "active_minutes": 251, "active_energy": 252, "basal_energy": 253, "distance": 254, "walk_6min": 255,
    "sleep": 270, "sleep_deep": 271, "sleep_light": 272, "sleep_rem": 273,
    "pain": 300, "phq2": 301, "phq9": 302, "phq9_item9": 303, "gad7": 304, "nyha": 305, "mmrc": 306, "cat": 307, "kccq12": 308,
    "smoking": 309, "alcohol": 310, "audit_c": 311, "medication_taken": 312, "needed_help": 313,
    "self_rated_health": 314, "difficulty_walking": 315, "unhealthy_days_physical": 316, "unhealthy_days_mental": 317, "mood": 318,
    "symptom_chest_pain": 350, "symptom_dyspnoea": 351, "symptom_dyspnoea_rest": 352, "symptom_syncope": 353, "symptom_confusion": 354,
    "symptom_neuro": 355, "symptom_vision": 356, "symptom_headache": 357, "symptom_dizziness": 358, "symptom_orthopnoea": 359,
    "symptom_pnd": 360, "symptom_oedema": 361, "symptom_fatigue": 362, "symptom_exercise_intolerance": 363, "symptom_pink_sputum": 364,
    "symptom_cyanosis": 365, "symptom_sputum_volume": 366, "symptom_sputum_purulence": 367, "symptom_palpitations": 368,
    "symptom_sweating": 369, "symptom_rigors": 370, "symptom_vomiting": 371, "symptom_seizure": 372, "symptom_bleeding": 373,
    "symptom_anaphylaxis": 374, "symptom_suicidal": 375, "symptom_shock": 376,
}  # fmt: skip


def test_numbers_never_change() -> None:
    assert {kind.key: kind.number for kind in KINDS} == NUMBERS


def test_keys_and_numbers_are_unique() -> None:
    assert len(KINDS) == len(BY_KEY) == len(BY_NUMBER)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_kind_is_complete(kind: Kind) -> None:
    assert set(kind.name) == {"zh-hans", "en"}
    assert all(kind.name.values())
    assert kind.data_class in DATA_CLASSES
    assert kind.current_for > timedelta()
    assert kind.hard[0] <= kind.soft[0] < kind.soft[1] <= kind.hard[1]
    assert kind.units[kind.unit] == (1.0, 0.0)
    assert kind.ucum[kind.unit] == kind.unit
    assert set(kind.precision_in) == set(kind.ucum.values())
    for second in (kind.hard2, kind.soft2, kind.gap, kind.loinc2, kind.panel):
        assert (second is not None) == (kind.components == 2)
    if kind.codes:
        assert kind.hard == (0, len(kind.codes) - 1)


def test_loinc_codes_are_well_formed_and_mean_one_kind() -> None:
    seen: dict[str, str] = {}
    for kind in KINDS:
        for code in {kind.loinc, kind.loinc2, kind.panel, *kind.loinc_in.values(), *kind.loinc_also} - {None}:
            digits, _, check = code.partition("-")
            assert check == luhn(digits), code
            assert seen.setdefault(code, kind.key) == kind.key


def luhn(digits: str) -> str:
    """The check digit of LOINC (modulus 10)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


@pytest.mark.parametrize(
    ("key", "value", "value2", "verdict"),
    [
        ("bp", 120, 80, "ok"),
        ("bp", 80, 60, "ok"),
        ("bp", 79, 60, "suspicious"),
        ("bp", 221, 120, "suspicious"),
        ("bp", 150, 131, "suspicious"),
        ("bp", 90, 39, "suspicious"),
        ("bp", 100, 91, "suspicious"),  # pulse pressure below 10
        ("bp", 201, 80, "suspicious"),  # pulse pressure above 120
        ("bp", 300, 200, "suspicious"),
        ("hr", 39, None, "suspicious"),
        ("spo2", 84, None, "suspicious"),
        ("spo2", 100, None, "ok"),
        ("temp", 41.1, None, "suspicious"),
        ("glucose", 27.9, None, "suspicious"),
        ("ketone", 3.1, None, "suspicious"),
        ("weight", 399, None, "ok"),
        ("steps", 60_001, None, "suspicious"),
        ("ecg_rhythm", 2, None, "ok"),
        ("ecg_rhythm", 5, None, "suspicious"),  # an inconclusive strip
        ("nyha", 4, None, "ok"),
    ],
)
def test_soft_ranges(key: str, value: float, value2: float | None, verdict: str) -> None:
    assert plausible(BY_KEY[key], value, value2) == verdict


@pytest.mark.parametrize(
    ("key", "value", "value2", "field"),
    [
        ("bp", 301, 80, "value"),
        ("bp", 49, 30, "value"),
        ("bp", 120, 201, "value2"),
        ("bp", 120, 19, "value2"),
        ("bp", 120, 120, "value2"),
        ("bp", 80, 120, "value2"),  # exchanged by the sender
        ("bp", 120, None, "value2"),
        ("bp", 120, math.nan, "value2"),
        ("hr", 72, 80, "value2"),
        ("hr", math.nan, None, "value"),
        ("hr", math.inf, None, "value"),
        ("hr", -math.inf, None, "value"),
        ("spo2", 100.1, None, "value"),
        ("spo2", 0.97, None, "value"),  # a fraction sent as percent
        ("steps", -1, None, "value"),
        ("nyha", 0, None, "value"),
        ("nyha", 2.5, None, "value"),
        ("ecg_rhythm", 8, None, "value"),
        ("phq9", 28, None, "value"),
    ],
)
def test_impossible_values(key: str, value: float, value2: float | None, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        plausible(BY_KEY[key], value, value2)
    assert (refused.value.code, refused.value.field) == ("impossible_value", field)


@pytest.mark.parametrize(
    ("value", "unit", "verdict"),
    [
        (10, "mg/dL", "suspicious"),  # 0.555 mmol/L: possible as sent, although less than 0.6
        (9.99, "mg/dL", None),
        (0.6, "mmol/L", "suspicious"),
        (0.59, "mmol/L", None),
        (40, "mg/dL", "ok"),
        (39, "mg/dl", "suspicious"),
        (500, "MG/DL", "ok"),  # 27.75 mmol/L
        (501, "mg/dL", "suspicious"),  # 27.81 would be too in mmol/L; 500.5 differs
        (900, "mg/dL", "suspicious"),
        (901, "mg/dL", None),
        (50, "mmol/L", "suspicious"),
        (50.1, "mmol/L", None),
    ],
)
def test_glucose_is_judged_in_the_unit_sent(value: float, unit: str, verdict: str | None) -> None:
    kind = BY_KEY["glucose"]
    canonical = to_canonical(value, unit=unit, kind=kind)
    if verdict is None:
        with pytest.raises(Invalid):
            plausible(kind, canonical, unit=unit)
    else:
        assert plausible(kind, canonical, unit=unit) == verdict


@given(kinds, st.floats(), st.none() | st.floats())
def test_any_number_is_judged_or_refused(kind: Kind, value: float, value2: float | None) -> None:
    try:
        verdict = plausible(kind, value, value2)
    except Invalid:
        return
    assert verdict in ("ok", "suspicious")
    assert math.isfinite(value)
    assert kind.hard[0] <= value <= kind.hard[1]


@given(single, st.floats(0, 1))
def test_what_lies_in_the_soft_range_is_ok(kind: Kind, share: float) -> None:
    value = kind.soft[0] + share * (kind.soft[1] - kind.soft[0])
    if kind.whole:
        value = round_half_up(value)
    assert plausible(kind, value) == "ok"


@pytest.mark.parametrize(
    ("key", "hours_ago", "before", "now", "leap"),
    [
        ("weight", (24, 1), (70.0, 70.4), 75.3, True),  # someone else on the scale
        ("weight", (24, 1), (70.0, 70.4), 75.1, False),
        ("weight", (25,), (70.0,), 90.0, False),  # too long ago to tell
        ("weight", (0,), (70.0,), 90.0, False),  # the reading itself is nothing before it
        ("spo2", (20, 10, 5), (97, 96, 70), 89, True),  # one slipped probe does not move the median
        ("rhr", (24,), (60,), 86, True),
        ("hr", (1,), (60,), 160, False),  # a heart may do this
        ("weight", (), (), 90.0, False),
    ],
)
def test_leaps(key: str, hours_ago: tuple, before: tuple, now: float, leap: bool) -> None:
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    earlier = [(at - timedelta(hours=hours), value) for hours, value in zip(hours_ago, before, strict=True)]
    assert leaps(BY_KEY[key], now, at, earlier) is leap


def test_flags_are_distinct_bits() -> None:
    names = ("SUSPICIOUS", "LATE", "CUFFLESS", "CENSORED_LOW", "CENSORED_HIGH", "SIMULATED", "OUT_OF_ORDER")
    assert [getattr(catalogue, name) for name in names] == [1 << n for n in range(7)]


def test_sums_and_means_are_told_apart() -> None:
    sums = {"steps", "active_minutes", "active_energy", "basal_energy", "distance", "inhaler"}
    assert {kind.key for kind in KINDS if kind.cumulative} == sums | {"sleep", "sleep_deep", "sleep_light", "sleep_rem"}
