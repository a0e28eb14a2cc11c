"""What an alert's notices say: the patient reads her own words, those close to her read what she is told, her team the clinician's."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from healthhub.people.models import Patient
from monitoring import chains
from monitoring.models import Alert, Severity

LANGUAGES = ("zh-hans", "en")
TITLES = {
    Severity.RED: {"zh-hans": "紧急：请立即处理", "en": "Emergency: act now"},
    Severity.URGENT: {"zh-hans": "当日需处理的提醒", "en": "Urgent: needs contact today"},
    Severity.AMBER: {"zh-hans": "需要关注的提醒", "en": "Needs attention"},
    Severity.WATCH: {"zh-hans": "趋势提示", "en": "Worth watching"},
    Severity.INFO: {"zh-hans": "信息", "en": "For your information"},
}
SHE_IS_TOLD = {"zh-hans": "{name}收到的提示：“{words}”", "en": "{name} is told: “{words}”"}
NOBODY_YET = {"zh-hans": "{ago}发出，目前还没有人处理。", "en": "Raised {ago}, and nobody is looking after it. "}
PLEASE_CALL = {"zh-hans": "请马上联系{name}。", "en": "Please call {name} now. "}


def audiences(patient: Patient, people: Sequence[UUID], *, now: datetime) -> Iterator[tuple[str, list[UUID]]]:
    """This function will sort people into `patient`, `clinician` (of her own team) and `family`."""
    staff = chains.staff_of(patient, now) if any(person != patient.user_id for person in people) else {}
    sorted_people: dict[str, list[UUID]] = {"patient": [], "clinician": [], "family": []}
    for person in people:
        sorted_people["patient" if person == patient.user_id else "clinician" if person in staff else "family"].append(person)
    return ((audience, who) for audience, who in sorted_people.items() if who)


def texts(alert: Alert, audience: str, *, waited: timedelta | None = None) -> dict[str, dict[str, str]]:
    """This function will give title and body in each language; `waited` is how long nobody has answered, where that is why she is told."""
    name = alert.patient.name
    made = {}
    for language in LANGUAGES:
        title, body = TITLES[Severity(alert.severity)][language], _body(alert, audience, language)
        if waited is not None and audience != "patient":
            call = PLEASE_CALL[language].format(name=name) if audience == "family" else ""
            body = NOBODY_YET[language].format(ago=_ago(waited, language)) + call + body
        made[language] = {"title": title if audience == "patient" else f"{name} · {title}", "body": body}
    return made


def _body(alert: Alert, audience: str, language: str) -> str:
    words: str = alert.evidence["texts"]["clinician" if audience == "clinician" else "patient"][language]
    return SHE_IS_TOLD[language].format(name=alert.patient.name, words=words) if audience == "family" else words


def _ago(waited: timedelta, language: str) -> str:
    minutes = int(waited.total_seconds() // 60)
    hours = minutes // 60 if minutes >= 120 else 0
    if language == "zh-hans":
        return f"{hours} 小时前" if hours else f"{minutes} 分钟前"
    return f"{hours} hours ago" if hours else f"{minutes} {'minute' if minutes == 1 else 'minutes'} ago"
