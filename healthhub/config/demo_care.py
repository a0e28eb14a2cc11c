"""What the demo's clinicians did before it began: visits, calls and notes, and limits of one's own, for a few of the invented people."""

from datetime import datetime, timedelta

from healthhub.care import contacts
from healthhub.config import demo_people as who
from healthhub.people import access
from healthhub.people.models import Patient, User
from monitoring import plans

# Patient, kind, who, days ago, text.
CONTACTS = (
    ("王秀英", "visit", who.DOCTOR, 12, "门诊复查：晨起血压仍偏高，氨氯地平改为睡前服用，两周后复诊。"),
    ("王秀英", "call", who.NURSE, 5, "电话随访：已改睡前服药，无头晕，提醒早晚各测两次。"),
    ("王秀英", "note", who.NURSE, 1, "儿子说她常忘记晚上的药，建议下次门诊讨论分药盒。"),
    ("张建国", "visit", who.DOCTOR, 9, "心衰随访：双下肢轻度水肿，呋塞米加量，每日称体重。"),
    ("张建国", "note", who.DOCTOR, 2, "体重若三天增加超过 2 kg，当天联系。"),
    ("马振海", "call", who.NURSE, 3, "吸入器用法已再次示范，目标血氧 88–92 %。"),
    ("Tom Miller", "visit", who.SECOND_DOCTOR, 15, "Annual review. Basal insulin down by 2 units after two night lows."),
    ("Tom Miller", "message", who.SECOND_DOCTOR, 4, "Please check the sensor site; readings dropped out twice this week."),
)
# Patient, rule, change, why, who.
LIMITS = (
    ("王秀英", "BP-04", {"sbp": {"value": 165, "unit": "mm[Hg]"}}, "70 岁以上，起立时头晕，放宽单次上限", who.DOCTOR),
    ("张建国", "HF-W1", {"gain": {"value": 1.5, "unit": "kg"}}, "近期住院，体重增加需更早知道", who.DOCTOR),
)


def past_care(patients: list[Patient], *, now: datetime) -> int:
    """This function will write down the contacts and limits of these patients, each once, and give how many."""
    by_name = {patient.name: patient for patient in patients}
    viewers = {one.email: access.viewer_of(one) for one in User.objects.filter(email__in={line[2].email for line in CONTACTS})}
    for name, kind, account, days, text in CONTACTS:
        at = now - timedelta(days=days, hours=3)
        contacts.add(patient_id=by_name[name].pk, kind=kind, at=at, text=text, by=viewers[account.email], now=now)
    for name, rule, changes, reason, account in LIMITS:
        patient, by = by_name[name], viewers[account.email]
        plans.set_limit(patient_id=patient.pk, rule_id=rule, changes=changes, reason=reason, expires_at=None, by=by, now=now)
    return len(CONTACTS) + len(LIMITS)
