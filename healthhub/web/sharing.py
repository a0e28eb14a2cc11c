"""Who may see what: every consent in plain words, given and withdrawn in one tap, and given back as quickly."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.refused import Invalid
from healthhub.people import access, consent
from healthhub.people.models import ConsentEntry, Patient
from healthhub.web.mydata import holds, own
from healthhub.web.pages import PageRequest, page

DOCUMENT = "web-1"
CLASS_WORDS = {
    "vitals": _n("blood pressure, pulse and temperature"),
    "glucose": _n("blood glucose"),
    "body": _n("weight and body"),
    "labs": _n("laboratory values"),
    "respiratory": _n("breathing and oxygen"),
    "activity": _n("steps and activity"),
    "sleep": _n("sleep"),
    "reported": _n("how you feel, and medicines"),
}
RIGHT_WORDS = {
    "read": _n("see them"),
    "notify": _n("be told of warnings"),
    "write": _n("log for you"),
    "act": _n("act on warnings"),
}
SECTIONS = (
    ("care", _n("Doctors and nurses"), _n("Nobody treats you with the help of your readings yet.")),
    ("family", _n("Family and others close to you"), _n("Nobody close to you sees your readings.")),
    ("programme", _n("Programmes, insurers, research"), _n("No programme and no insurer is told anything.")),
)


@dataclass(frozen=True, slots=True)
class Shared:
    """One consent in words."""

    id: UUID
    name: str
    section: str
    classes: str
    rights: str
    since: datetime
    until: datetime | None
    ended_at: datetime | None


@page("patient", methods=("GET", "POST"))
def sharing(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show every consent of hers, and take a new one."""
    patient = own(request, patient_id, "consent")
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            _give(request, patient)
        except Invalid as refused:
            problems[refused.field or "email"] = gettext(refused.sentence)
        else:
            return redirect("sharing", patient.id)
    return _page(request, patient, problems)


def _give(request: PageRequest, patient: Patient) -> None:
    visit, posted = request.visit, request.POST
    user = consent.given_to(email=posted.get("email", ""))
    consent.grant(
        patient=patient,
        grantee_kind="person",
        grantee_id=user.id,
        data_classes=DATA_CLASSES if posted.get("everything") == "yes" else posted.getlist("classes"),
        purpose="caregiving",
        rights=["read", *(right for right in ("notify", "write", "act") if posted.get(right) == "yes")],
        document_version=DOCUMENT,
        by=visit.viewer,
        now=visit.now,
    )
    messages.success(request, gettext("%(name)s may now see what you chose.") % {"name": user.name})


def _page(request: PageRequest, patient: Patient, problems: dict[str, str]) -> HttpResponse:
    visit = request.visit
    entries = [entry for entry in consent.ledger_of(patient=patient) if entry.withdraws_id is None]
    names = consent.grantee_names(entries)
    log.record(by=visit.viewer, did="consent.read", patient_id=patient.id, now=visit.now)
    lines = [_shared(entry, names, visit.now) for entry in entries]
    live = [line for line in lines if line.ended_at is None and (line.until is None or line.until > visit.now)]
    sections = [(key, gettext(title), gettext(empty), [one for one in live if one.section == key]) for key, title, empty in SECTIONS]
    context = {
        "patient": patient,
        "sections": sections,
        "ended": [line for line in lines if line not in live],
        "classes": [(key, gettext(words)) for key, words in CLASS_WORDS.items()],
        "problems": problems,
        "typed": request.POST,
        "chosen": request.POST.getlist("classes"),
    }
    return render(request, "hh/my_sharing.html", context, status=422 if problems else 200)


def _shared(entry: ConsentEntry, names: dict[UUID, str], now: datetime) -> Shared:
    section = "programme" if entry.purpose in ("programme", "research") else "family" if entry.grantee_kind == "person" else "care"
    ended = getattr(entry, "withdrawn_by", None)
    return Shared(
        id=entry.id,
        name=names.get(entry.grantee_id) or gettext("Somebody who is no longer here"),
        section=section,
        classes=class_words(entry.data_classes),
        rights=gettext(", ").join(gettext(RIGHT_WORDS[right]) for right in RIGHT_WORDS if right in entry.rights),
        since=entry.starts_at,
        until=entry.ends_at,
        ended_at=ended.entered_at if ended else None if holds(entry, now) else entry.ends_at,
    )


def class_words(classes: list[str]) -> str:
    """This function will say which readings a consent covers."""
    if set(classes) >= DATA_CLASSES:
        return gettext("everything you measure and log")
    return gettext(", ").join(gettext(CLASS_WORDS[one]) for one in CLASS_WORDS if one in classes)


@page("patient", methods=("POST",))
def end(request: PageRequest, patient_id: UUID, entry_id: UUID) -> HttpResponse:
    """This function will withdraw one consent; from this second on it opens nothing."""
    entry = _entry(request, patient_id, entry_id)
    consent.withdraw(entry=entry, by=request.visit.viewer, now=request.visit.now)
    messages.success(request, gettext("Withdrawn. Open pages were closed at once. You can give it again below."))
    return redirect("sharing", patient_id)


@page("patient", methods=("POST",))
def give_again(request: PageRequest, patient_id: UUID, entry_id: UUID) -> HttpResponse:
    """This function will give a consent that ended once more, as it was."""
    entry = _entry(request, patient_id, entry_id)
    consent.again(entry=entry, by=request.visit.viewer, now=request.visit.now)
    messages.success(request, gettext("Given again, as it was."))
    return redirect("sharing", patient_id)


def _entry(request: PageRequest, patient_id: UUID, entry_id: UUID) -> ConsentEntry:
    own(request, patient_id, "consent")
    rows = consent.entries().filter(patient_id=patient_id)
    return access.row_for(request.visit.viewer, rows, entry_id, action="consent", now=request.visit.now)
