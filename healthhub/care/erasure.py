"""Erasing a person: asked for with her own name typed, waited for, and then done in one transaction, room by room.

Gone for good are readings, summaries, exports, evidence of alerts, assessments, notices and medicines, and who she was. The access
log, the consent ledger, that there was an alert, and what clinicians wrote down of visits stay, under an id that names nobody.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from healthhub.audit import log
from healthhub.care.models import CarePlan, CarePlanChange, CareTask, Erasure, Medication
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import access, forgetting
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import erasure as readings
from monitoring import erasure as alerts
from notifications import erasure as notices
from notifications.post import post
from risk import erasure as assessments


@transaction.atomic
def ask(*, patient_id: UUID | str, typed: str, by: Viewer, now: datetime) -> Erasure:
    """This function will set the day on which everything is erased, `settings.ERASURE_WAIT` from now; `typed` must be her name.

    Hers alone to ask (action "export"). Raises Invalid `not_confirmed`; Conflict `no_account`, `works_here`, `asked_before`.
    """
    patient = access.patient_for(by, patient_id, action="export", now=now)
    Patient.objects.select_for_update(no_key=True).get(id=patient.id)
    user = forgetting.check(patient=patient, now=now)
    if " ".join(typed.split()).casefold() != " ".join(patient.name.split()).casefold():
        raise Invalid("Type your name exactly as it stands here.", code="not_confirmed", field="typed")
    if waiting(patient=patient) is not None:
        raise Conflict("This was asked for before.", code="asked_before")
    wait: timedelta = settings.ERASURE_WAIT
    erasure = Erasure.objects.create(patient=patient, asked_by_id=by.person, asked_at=now, due_at=now + wait)
    log.record(by=by, did="erasure.ask", patient_id=patient.id, about=f"erasure:{erasure.id}", now=now)
    # In case it was not she who asked: she hears of it on every way she has chosen.
    post(people=[user.id], about=f"erasure:{erasure.id}", reason="asked", severity="urgent", texts=_texts(wait), now=now)
    return erasure


def _texts(wait: timedelta) -> dict[str, dict[str, str]]:
    return {
        "zh-hans": {"title": "您的数据将被删除", "body": f"已申请在 {wait.days} 天后删除您的全部数据。如非本人操作，请立即登录并取消。"},
        "en": {
            "title": "Your data will be erased",
            "body": f"All your data will be erased in {wait.days} days, as was asked for under your name. Not you? Sign in and cancel.",
        },
    }


def waiting(*, patient: Patient) -> Erasure | None:
    """This function will give the erasing that is to come, if there is one."""
    return Erasure.objects.filter(patient=patient, cancelled_at=None, done_at=None).first()


@transaction.atomic
def cancel(*, patient_id: UUID | str, by: Viewer, now: datetime) -> None:
    """This function will call it off. Raises Conflict `nothing_to_cancel`."""
    patient = access.patient_for(by, patient_id, action="export", now=now)
    if not Erasure.objects.filter(patient=patient, cancelled_at=None, done_at=None).update(cancelled_at=now):
        raise Conflict("Nothing is going to be erased.", code="nothing_to_cancel")
    log.record(by=by, did="erasure.cancel", patient_id=patient.id, now=now)


def handle_due(*, now: datetime, limit: int = 5) -> int:
    """This function will erase up to `limit` persons whose time is over, each in its own transaction; the sweep calls it."""
    done = 0
    while done < limit and _erase_one(now):
        done += 1
    return done


@transaction.atomic
def _erase_one(now: datetime) -> bool:
    rows = Erasure.objects.select_for_update(of=("self",), skip_locked=True).select_related("patient", "patient__user")
    erasure = rows.filter(due_at__lte=now, cancelled_at=None, done_at=None).order_by("due_at").first()
    if erasure is None:
        return False
    patient = erasure.patient
    erasure.done_at = now
    erasure.save(update_fields=["done_at"])
    erase(patient=patient, now=now)
    return True


def erase(*, patient: Patient, now: datetime) -> int:
    """This function will erase a person now, in the caller's transaction, and give how many readings there were.

    Raises as `forgetting.check`.
    """
    user = forgetting.check(patient=patient, now=now)
    gone = readings.erase(patient_id=patient.id)
    alerts.erase(patient_id=patient.id, now=now)
    assessments.erase(patient_id=patient.id)
    Medication.objects.filter(patient=patient).delete()
    CareTask.objects.filter(patient=patient).delete()
    CarePlanChange.objects.filter(plan__patient=patient).delete()
    CarePlan.objects.filter(patient=patient).delete()
    forgetting.forget(patient=patient, now=now)
    notices.erase(patient_id=patient.id, person=user.id)
    log.record(by=None, did="erasure.done", patient_id=patient.id, now=now, detail={"readings": gone})
    return gone
