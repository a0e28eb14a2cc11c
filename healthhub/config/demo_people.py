"""Who lives in the demo: invented people only. Names, conditions and readings belong to no one."""

from collections.abc import Mapping
from dataclasses import dataclass

PASSWORD = "healthhub-demo"  # known to everyone; the seed refuses to run anywhere but in the demo


@dataclass(frozen=True)
class Account:
    email: str
    name: str
    what: str
    language: str = "zh-hans"


@dataclass(frozen=True)
class Person:
    """A patient: birth year, condition codes, the rule pack of her country."""

    name: str
    sex: str
    born: int
    conditions: tuple[str, ...]
    locale: str = "CN"
    time_zone: str = "Asia/Shanghai"
    account: Account | None = None


DOCTOR = Account("li@demo.example", "李薇", "doctor of Family medicine A, on duty (全科一组医生)")
SECOND_DOCTOR = Account("costa@demo.example", "Ana Costa", "doctor of Family medicine B", language="en")
NURSE = Account("zhao@demo.example", "赵敏", "nurse of Family medicine A (全科一组护士)")
PATIENT = Account("wang@demo.example", "王秀英", "patient with hypertension and type 2 diabetes (患者)")
ENGLISH_PATIENT = Account(
    "miller@demo.example", "Tom Miller", "patient with type 1 diabetes and a CGM, of Family medicine B", language="en"
)
CAREGIVER = Account("son@demo.example", "王磊", "caregiver: the son of 王秀英 (家属)")
MANAGER = Account("insurer@demo.example", "孙倩", "programme manager of an insurer: sees no person (保险项目经理)")
OPERATOR = Account("operator@demo.example", "Sam Okafor", "operator: runs the service, sees no person", language="en")
ACCOUNTS = (DOCTOR, SECOND_DOCTOR, NURSE, PATIENT, ENGLISH_PATIENT, CAREGIVER, MANAGER, OPERATOR)

_BP = ("hypertension",)
_T2 = ("diabetes_t2",)
_T1 = ("diabetes_t1", "insulin")
_HF = ("heart_failure", "hypertension", "antihypertensive")
_COPD = ("copd", "target_spo2_88_92")
_BP_T2 = ("hypertension", "antihypertensive", "diabetes_t2")
_ASTHMA = ("asthma",)

FAMILY_MEDICINE_A = (
    Person("王秀英", "female", 1954, _BP_T2, account=PATIENT),
    Person("张建国", "male", 1949, _HF),
    Person("刘桂兰", "female", 1951, _BP),
    Person("陈志强", "male", 1958, _BP_T2),
    Person("杨淑芬", "female", 1947, _HF),
    Person("赵德明", "male", 1955, _COPD),
    Person("黄玉珍", "female", 1960, _T2),
    Person("周国华", "male", 1962, _BP),
    Person("吴凤英", "female", 1953, (*_BP, "atrial_fibrillation")),
    Person("徐文斌", "male", 1988, _T1),
    Person("孙丽华", "female", 1965, _T2),
    Person("马振海", "male", 1950, _COPD),
    Person("朱美玲", "female", 1990, (*_BP, "pregnant")),
    Person("胡永福", "male", 1957, _BP),
    Person("郭春梅", "female", 1961, _BP_T2),
    Person("何志远", "male", 1985, _T1),
    Person("高秀兰", "female", 1948, _HF),
    Person("林海涛", "male", 1970, _BP),
    Person("罗桂芳", "female", 1956, (*_BP, "ckd")),
    Person("梁家辉", "male", 1963, _T2),
    Person("宋玉兰", "female", 1952, _BP),
    Person("郑志明", "male", 1959, _HF),
    Person("谢春华", "female", 1967, _ASTHMA),
    Person("韩大伟", "male", 1975, _BP),
    Person("唐淑贤", "female", 1946, _COPD),
    Person("冯建平", "male", 1964, _BP_T2),
    Person("董晓燕", "female", 1992, _T1),
    Person("程国栋", "male", 1966, _BP),
)
FAMILY_MEDICINE_B = (
    Person("Tom Miller", "male", 1991, _T1, "US", "America/New_York", account=ENGLISH_PATIENT),
    Person("Grace Owusu", "female", 1958, _BP, "EU", "Europe/Berlin"),
    Person("Peter Lindqvist", "male", 1950, _HF, "EU", "Europe/Berlin"),
    Person("Maria Fernandes", "female", 1955, _BP_T2, "EU", "Europe/Lisbon"),
    Person("Hannah Stein", "female", 1983, _ASTHMA, "EU", "Europe/Berlin"),
    Person("James Carter", "male", 1962, _T2, "US", "America/New_York"),
    Person("Lucia Romano", "female", 1949, _COPD, "EU", "Europe/Rome"),
    Person("David Kim", "male", 1968, _BP, "US", "America/Los_Angeles"),
    Person("Emma Laurent", "female", 1995, _T1, "EU", "Europe/Paris"),
    Person("Robert Hughes", "male", 1947, _HF, "US", "America/Chicago"),
    Person("Fatima Haddad", "female", 1960, _T2, "EU", "Europe/Paris"),
    Person("Noah Becker", "male", 1973, _BP, "EU", "Europe/Berlin"),
)

# What a person with the condition measures at home. Everyone counts steps and pulse.
_MEASURES: Mapping[str, tuple[str, ...]] = {
    "hypertension": ("bp",),
    "diabetes_t2": ("glucose", "weight"),
    "diabetes_t1": ("cgm",),
    "heart_failure": ("weight", "bp", "spo2"),
    "copd": ("spo2", "rr"),
    "asthma": ("pef", "spo2"),
}


# Those whose pages are shown first have measured for months, and more: (days, further kinds).
LONG: Mapping[str, tuple[int, tuple[str, ...]]] = {
    PATIENT.name: (120, ("sleep", "medication_taken")),
    ENGLISH_PATIENT.name: (100, ("sleep", "weight")),
}


def kinds_of(conditions: list[str]) -> list[str]:
    """This function will give the kinds that a person with these conditions measures."""
    kinds = {kind for condition in conditions for kind in _MEASURES.get(condition, ())}
    return sorted(kinds | {"hr", "steps"})
