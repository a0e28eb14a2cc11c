"""Breaking the glass with its bells: the record is opened, the patient hears of it at once, and who reviews it is asked to."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from healthhub.people import breakglass
from healthhub.people.access import Viewer
from healthhub.people.breakglass import Opened
from healthhub.people.models import BreakGlass
from notifications.post import post


@transaction.atomic
def open_and_tell(*, patient_id: UUID | str, reason: str, hours: float, by: Viewer, now: datetime) -> BreakGlass:
    """This function will open a record as `breakglass.open_record` does (and raise as it does), and tell whom it names."""
    opened = breakglass.open_record(patient_id=patient_id, reason=reason, hours=hours, by=by, now=now)
    about = f"break_glass:{opened.opening.id}"
    post(
        people=opened.tell_patient,
        about=about,
        reason="break_glass",
        severity="urgent",  # passes quiet hours: she hears of it while it goes on
        texts=_to_patient(opened),
        patient_id=opened.patient.id,
        now=now,
    )
    post(people=opened.tell_reviewers, about=about, reason="review_due", severity="amber", texts=_to_reviewer(opened), now=now)
    return opened.opening


def _to_patient(opened: Opened) -> dict[str, dict[str, str]]:
    until = opened.opening.ends_at.astimezone(ZoneInfo(opened.patient.time_zone)).strftime("%H:%M")
    return {
        "zh-hans": {
            "title": "您的档案因紧急情况被打开",
            "body": f"{opened.opener} 打开了您的档案，可查看至 {until}。理由：{opened.opening.reason}",
        },
        "en": {
            "title": "Your record was opened in an emergency",
            "body": f"{opened.opener} opened your record and may read it until {until}. Reason given: {opened.opening.reason}",
        },
    }


def _to_reviewer(opened: Opened) -> dict[str, dict[str, str]]:
    """Names no patient: the reviewer need not have her consent."""
    return {
        "zh-hans": {"title": "有一次紧急打开档案待您审核", "body": f"{opened.opener} 因紧急情况打开了一份患者档案。请在三天内审核。"},
        "en": {
            "title": "An emergency opening awaits your review",
            "body": f"{opened.opener} opened a patient's record in an emergency. Please review it within three days.",
        },
    }
