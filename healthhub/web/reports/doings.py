"""What was done, as blocks: medicines, alerts and who dealt with them, contacts, risk, limits set for her, and the sources."""

from typing import Any

from django.utils.translation import gettext, gettext_noop as _n, ngettext

from healthhub.web import shown
from healthhub.web.reports import paper, words
from healthhub.web.reports.gathered import Asked, Found
from healthhub.web.reports.paper import Block
from monitoring.models import Alert

MOST_ALERTS = 30
CONTACTS = {"visit": _n("Visit"), "call": _n("Call"), "message": _n("Message"), "note": _n("Note")}
LIMITS = {"above": _n("above"), "below": _n("below"), "at_least": _n("at least"), "at_most": _n("at most")}
BAND_TONES = {"high": "red", "very_high": "red", "elevated": "amber", "moderate": "amber", "medium": "amber", "intermediate": "amber"}


def medicines(found: Found) -> list[Block]:
    """This function will list the medicines on her list and how regularly their doses were said to be taken."""
    if not found.medications:
        return []
    rows = []
    for one in found.medications:
        counted = found.adherence.get(one.id)
        times = words.joined([f"{at:%H:%M}" for at in one.times]) or gettext("when needed")
        taken = "–"
        if counted is not None and counted.share is not None:
            taken = f"{counted.taken}/{counted.due} ({words.percent(counted.taken, counted.due)})"
        rows.append([one.name, one.dose, times, taken])
    head = [gettext("Medicine"), gettext("Dose"), gettext("Times"), gettext("Taken / due")]
    remark = gettext("As told by the patient, from %(first)s until today; a dose nobody spoke of counts as not taken.") % {
        "first": words.day(found.asked.first)
    }
    return [paper.h2(gettext("Medicines")), paper.table(head, rows, widths=[4, 3, 3, 3], right=(3,)), paper.p(remark, soft=True)]


def alerts(found: Found) -> list[Block]:
    """This function will list the alerts of the period, newest first: what it was, who took it and when, and what came of it."""
    head = [gettext("Opened"), gettext("Severity"), gettext("What"), gettext("Who took it"), gettext("What came of it")]
    rows = [_alert(one, found.asked) for one in found.alerts[:MOST_ALERTS]]
    if not rows:
        return [paper.h2(gettext("Alerts and what was done")), paper.p(gettext("No alert in this period."))]
    blocks = [paper.h2(gettext("Alerts and what was done")), paper.table(head, rows, widths=[3, 3, 8, 4, 5])]
    if len(found.alerts) > MOST_ALERTS:
        more = gettext("The newest %(shown)s of %(n)s alerts.") % {"shown": MOST_ALERTS, "n": len(found.alerts)}
        blocks.append(paper.p(more, soft=True))
    return blocks


def _alert(one: Alert, asked: Asked) -> list[Any]:
    text = shown.both(one.evidence["texts"]["clinician" if asked.clinical else "patient"])
    taken = next((step for step in one.ordered_steps if step.did == "acknowledged"), None)
    who = "–"
    if taken is not None and taken.by is not None:
        who = f"{taken.by.name}, {words.moment(taken.at, asked.zone)}"
    return [
        words.moment(one.opened_at, asked.zone),
        paper.toned(gettext(shown.SEVERITIES.get(one.severity, one.severity)), one.severity),
        text,
        who,
        outcome(one, asked),
    ]


def outcome(one: Alert, asked: Asked) -> str:
    """This function will say how an alert ended, or that it is open."""
    if one.closed_at is None:
        return gettext("still open")
    at = words.moment(one.closed_at, asked.zone)
    if one.state == "cleared":
        return gettext("Back inside the limits, %(at)s") % {"at": at}
    said = gettext(shown.OUTCOMES.get(one.outcome, one.outcome)) if one.outcome else gettext("Closed")
    noted = f": “{one.note}”" if one.note and asked.clinical else ""
    return f"{said}, {at}{noted}"


def contacts(found: Found) -> list[Block]:
    """This function will list visits, calls, messages and (for clinicians) notes of the period."""
    if not found.contacts:
        return []
    rows = [
        [
            words.moment(one.at, found.asked.zone),
            gettext(CONTACTS.get(one.kind, one.kind)),
            one.by_name,
            one.text if one.text is not None else gettext("not open to you"),
        ]
        for one in found.contacts
    ]
    head = [gettext("When"), gettext("Kind"), gettext("By"), gettext("What was said")]
    return [paper.h2(gettext("Visits, calls and messages")), paper.table(head, rows, widths=[3, 2, 3, 9])]


def risks(found: Found) -> list[Block]:
    """This function will say where she stands with each risk model, why, or why it abstains."""
    rows = [_risk(one) for one in found.risks]
    if not rows:
        return []
    head = [gettext("Model"), gettext("Level"), gettext("In words")]
    remark = gettext("Models help to order the work; they do not decide. Their cards say for whom they are not meant.")
    return [paper.h2(gettext("Risk")), paper.table(head, rows, widths=[4, 2, 10]), paper.p(remark, soft=True)]


def _risk(one: dict[str, Any]) -> list[Any]:
    band = one["band"]
    level: Any = gettext("no answer")
    if band is not None and one["assessment"]["value"] is not None:
        level = paper.toned(shown.both(band["words"]), BAND_TONES.get(band["key"], ""))
    return [shown.both(one["name"]), level, shown.both(one["assessment"]["sentence"])]


def limits(found: Found) -> list[Block]:
    """This function will list the limits that her team set for her."""
    if not found.limits:
        return []
    rows = [_limit(one, found.asked) for one in found.limits]
    head = [gettext("Rule"), gettext("Limit"), gettext("Set by"), gettext("Reason"), gettext("Until")]
    return [paper.h2(gettext("Limits set for this patient")), paper.table(head, rows, widths=[5, 5, 3, 5, 3])]


def _limit(one: dict[str, Any], asked: Asked) -> list[Any]:
    figures = [_figures(name, figures) for name, figures in one["limits"].items()]
    until = words.day(one["expires_at"].astimezone(asked.zone).date()) if one["expires_at"] else gettext("until changed")
    return [shown.both(one["name"]), gettext("off") if one["off"] else words.joined(figures), one["set_by"], one["reason"] or "", until]


def _figures(name: str, figures: Any) -> str:
    said = gettext(LIMITS[name]) if name in LIMITS else name.replace("_", " ")
    if isinstance(figures, dict) and "value" in figures:
        return f"{said} {figures['value']:g} {shown.unit_words(str(figures.get('unit', '')))}".strip()
    values = (
        words.joined([f"{value:g} {shown.unit_words(unit)}" for unit, value in figures.items()]) if isinstance(figures, dict) else figures
    )
    return f"{said} {values}"


def sources(found: Found) -> list[Block]:
    """This function will tell where the readings came from and how far they can be trusted."""
    rows = [
        [one.name, str(one.n), str(one.by_hand), str(one.doubtful), str(one.late), words.moment(one.newest, found.asked.zone)]
        for one in found.quality.origins
    ]
    head = [gettext("Source"), gettext("Readings"), gettext("By hand"), gettext("Doubtful"), gettext("Late"), gettext("Newest")]
    remarks = []
    changed = found.quality
    if changed.corrected or changed.removed:
        remarks.append(
            gettext("Afterwards %(corrected)s readings were corrected and %(removed)s taken out.")
            % {"corrected": changed.corrected, "removed": changed.removed}
        )
    if any(one.simulated for one in changed.origins):
        remarks.append(gettext("Some of these readings are simulated: this is a demonstration."))
    remarks.append(gettext("Readings that were refused as impossible are told to their sender at once and are not kept."))
    blocks = [paper.h2(gettext("Sources and quality"))]
    if rows:
        blocks.append(paper.table(head, rows, widths=[6, 2, 2, 2, 2, 4], right=(1, 2, 3, 4, 5)))
    return [*blocks, paper.bullets(remarks)]


def alert_sentence(found: Found) -> str:
    """This function will sum the alerts up: how many, how many still open."""
    n = len(found.alerts)
    if n == 0:
        return gettext("No alert in this period.")
    still = sum(one.closed_at is None for one in found.alerts)
    said = ngettext("%(n)s alert", "%(n)s alerts", n) % {"n": n}
    pressing = sum(one.severity in ("red", "urgent") for one in found.alerts)
    return gettext("%(said)s, of them %(pressing)s urgent or an emergency; %(still)s still open.") % {
        "said": said,
        "pressing": pressing,
        "still": still,
    }
