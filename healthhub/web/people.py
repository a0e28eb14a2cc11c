"""A caregiver's people in one list: who needs her, who is silent, who is well; and taking over what presses, or handing it back."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from healthhub.lib.refused import NotVisible
from healthhub.people import access
from healthhub.records.catalogue import BY_KEY
from healthhub.records.shown import Seen
from healthhub.web import shown
from healthhub.web.pages import PageRequest, page
from monitoring import alerts as alert_doors, worklist as doors
from monitoring.models import Alert
from monitoring.worklist import Standing

AS_MANY = 4  # last values of one person
Step = Callable[..., Alert]


@dataclass(frozen=True, slots=True)
class Card:
    """One person as she is drawn: how she stands in words, the alerts that press, the values that matter, what was agreed."""

    one: Standing
    tone: str
    words: str
    pressing: list[Alert]
    values: list[Seen]
    agreed: str


@page("caregiver")
def people(request: PageRequest) -> HttpResponse:
    """This function will list a caregiver's people: who needs her, who is silent, who is well."""
    return render(request, "hh/people.html", _people(request))


@page("caregiver")
def people_part(request: PageRequest) -> HttpResponse:
    """This function will give the list anew."""
    return render(request, "hh/people_list.html", _people(request))


@page("caregiver", methods=("POST",))
def act(request: PageRequest, patient_id: UUID, alert_id: UUID, step: str) -> HttpResponse:
    """This function will take an alert over, or hand it back, and give the list as it stands then."""
    visit = request.visit
    access.patient_for(visit.viewer, patient_id, action="read", now=visit.now)
    if step not in STEPS:
        raise NotVisible
    STEPS[step](alert_id=alert_id, by=visit.viewer, now=visit.now)
    return render(request, "hh/people_list.html", _people(request)) if request.htmx else redirect("people")


STEPS: dict[str, Step] = {"take": alert_doors.acknowledge, "give-back": alert_doors.hand_back}


def _people(request: PageRequest) -> dict[str, object]:
    found = doors.standing(viewer=request.visit.viewer, now=request.visit.now)
    return {"people": [card_of(one, request) for one in found]}


def card_of(one: Standing, request: PageRequest) -> Card:
    """This function will put how a person stands in words; silence is never called well."""
    pressing = [alert for alert in one.alerts if alert.id not in one.snoozed and alert.severity in {"red", "urgent", "amber"}]
    values = [seen for seen in one.newest if not BY_KEY[seen.kind].codes][:AS_MANY]
    return Card(one, *_words(one, pressing, request), pressing, values, agreed_words(one))


def _words(one: Standing, pressing: list[Alert], request: PageRequest) -> tuple[str, str]:
    if one.stands == "needs_you":
        return (pressing[0].severity, gettext("Needs you")) if pressing else ("watch", gettext("Worth watching"))
    if one.stands == "all_well":
        return "calm", gettext("All well")
    if one.received_at is None:
        return "silent", gettext("No data yet")
    return "silent", gettext("No data since %(day)s") % {"day": shown.clock_words(one.received_at, now=request.visit.now)}


def agreed_words(one: Standing) -> str:
    """This function will say in a sentence what was agreed: what she may see, and whether she may act and log."""
    seen = gettext(", ").join(shown.class_words(name) for name in sorted(one.classes))
    sentences = [gettext("You may see: %(what)s.") % {"what": seen}]
    if one.may_act:
        sentences.append(gettext("You may take over alerts."))
    if one.may_write:
        sentences.append(gettext("You may log readings."))
    return ("" if shown.language() == "zh-hans" else " ").join(sentences)
