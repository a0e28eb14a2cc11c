"""A month of a clinician's patients: how many measured and reached their goals, what alerts cost, and who wants a look now."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from healthhub.people.access import Viewer
from healthhub.web import shown
from healthhub.web.burden import wait_words
from healthhub.web.reports import paper, words
from healthhub.web.reports.paper import Block, Sheet
from monitoring import month as doors, worklist
from monitoring.month import FEWEST_DAYS, MANY_DAYS, Month
from monitoring.worklist import Row

MOST_ROWS, MOST_SILENT, MOST_CONDITIONS = 20, 40, 8


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose panel, which month (its first day), and when and where it is printed."""

    viewer: Viewer
    name: str
    first: date
    zone: ZoneInfo
    now: datetime


def sheet(asked: Asked) -> Sheet:
    """This function will count a month and the one before it, and put them in the reader's words. Raises as `monitoring.month.month`."""
    found = doors.month(viewer=asked.viewer, first=asked.first, zone=asked.zone, now=asked.now)
    earlier = next((one for one in doors.months(now=asked.now, zone=asked.zone) if one < asked.first), None)
    before = doors.month(viewer=asked.viewer, first=earlier, zone=asked.zone, now=asked.now) if earlier else None
    called, printed = month_words(asked.first), words.stamped(asked.now, asked.zone)
    title = gettext("%(month)s: my patients") % {"month": called}
    footer = gettext("%(name)s · %(month)s · printed %(printed)s") % {"name": asked.name, "month": called, "printed": printed}
    blocks = [*_head(asked, found, printed), *_short(found, before), *_goals(found, before), *_alerts(found, before)]
    blocks += [*_look(asked), *_silent(found), *_remarks()]
    return Sheet(title, gettext("Month's report · confidential"), footer, blocks)


def month_words(first: date) -> str:
    """This function will write a month with its year."""
    return date_format(first, "Y年n月" if shown.language() == "zh-hans" else "F Y")


def _head(asked: Asked, found: Month, printed: str) -> list[Block]:
    conditions = [f"{shown.condition_words(code)} {n}" for code, n in found.conditions[:MOST_CONDITIONS]]
    pairs = [
        (gettext("Made for"), asked.name),
        (gettext("Period"), f"{words.day(found.first)} – {words.day(found.last)}"),
        (gettext("Patients"), str(len(found.people))),
        (gettext("Printed"), printed),
        (gettext("Conditions"), words.joined(conditions) or "–"),
    ]
    blocks = [paper.facts(pairs)]
    if asked.now.astimezone(asked.zone).date() <= found.last:
        blocks.append(paper.note(gettext("This month is not over: its figures will change."), tone="amber"))
    return blocks


def _short(found: Month, before: Month | None) -> list[Block]:
    everybody = len(found.people)
    fired, taken = sum(one.fired for one in found.alerts), sum(one.taken for one in found.alerts)
    tiles = [
        paper.tile(gettext("Sent readings"), str(found.measured), _of(everybody), _share(found.measured, everybody)),
        paper.tile(
            ngettext("On %(n)s day or more", "On %(n)s days or more", MANY_DAYS) % {"n": MANY_DAYS},
            str(found.regular),
            _of(everybody),
            _share(found.regular, everybody),
        ),
        paper.tile(gettext("Alerts"), str(fired), "", gettext("%(n)s taken in hand") % {"n": taken}),
        paper.tile(gettext("Sent nothing"), str(len(found.silent)), _of(everybody), "", tone="amber" if found.silent else "calm"),
    ]
    blocks = [paper.h2(gettext("In short")), paper.tiles(tiles)]
    if before is None:
        return blocks
    last = gettext("The month before: %(measured)s sent readings, %(alerts)s alerts, %(silent)s sent nothing.") % {
        "measured": before.measured,
        "alerts": sum(one.fired for one in before.alerts),
        "silent": len(before.silent),
    }
    return [*blocks, paper.p(last, soft=True)]


def _of(n: int) -> str:
    return gettext("of %(n)s") % {"n": n}


def _share(part: int, whole: int) -> str:
    return words.percent(part, whole)


def _goals(found: Month, before: Month | None) -> list[Block]:
    goals = {
        "bp": (gettext("Blood pressure"), gettext("mean of the month below 135/85 mmHg, at home")),
        "glucose": (gettext("Glucose, with diabetes"), gettext("mean of the meter readings of the month below 8.6 mmol/L (155 mg/dL)")),
    }
    rows = []
    for measure, (name, goal) in goals.items():
        reached, judged = found.rate(measure)
        earlier, of = before.rate(measure) if before else (0, 0)
        rows.append([name, goal, f"{reached}/{judged}", words.percent(reached, judged), f"{earlier}/{of} ({words.percent(earlier, of)})"])
    head = [gettext("What"), gettext("Goal"), gettext("Reached"), gettext("Share"), gettext("The month before")]
    remark = gettext("Of those with readings on at least %(n)s days of the month.") % {"n": FEWEST_DAYS}
    return [paper.h2(gettext("Goals")), paper.table(head, rows, widths=[4, 9, 2, 2, 3], right=(2, 3, 4)), paper.p(remark, soft=True)]


def _alerts(found: Month, before: Month | None) -> list[Block]:
    blocks = [paper.h2(gettext("Alerts and what became of them"))]
    if not found.alerts:
        return [*blocks, paper.p(gettext("No alert in this period."))]
    earlier = {one.severity: one.fired for one in before.alerts} if before else {}
    rows = [
        [
            paper.toned(gettext(shown.SEVERITIES.get(one.severity, one.severity)), one.severity),
            str(one.fired),
            str(one.patients),
            str(one.taken),
            wait_words(one.wait),
            str(one.acted),
            str(one.untouched),
            str(one.nights),
            str(earlier.get(one.severity, 0)),
        ]
        for one in found.alerts
    ]
    head = [gettext("Severity"), gettext("Alerts"), gettext("Patients"), gettext("Taken"), gettext("Median wait")]
    head += [gettext("Acted on"), gettext("Untouched"), gettext("At night"), gettext("The month before")]
    table = paper.table(head, rows, widths=[4, 2, 2, 2, 3, 2, 3, 2, 4], right=tuple(range(1, 9)))
    remark = gettext(
        "Wait: from firing until somebody took it. Untouched: no person did anything with it. Night: 22:00 to 6:00 of the patient."
    )
    return [*blocks, table, paper.p(remark, soft=True)]


def _look(asked: Asked) -> list[Block]:
    """As the worklist stands when it is printed: alerts of a month ago have long been dealt with."""
    found = worklist.worklist(viewer=asked.viewer, now=asked.now, limit=MOST_ROWS, fold=True)
    blocks = [paper.h2(gettext("Who wants a look, as of the printing"))]
    if not found.rows:
        return [*blocks, paper.p(gettext("Nobody: no open alert, no risk that rose, nobody silent."))]
    head = [gettext("Patient"), gettext("Group"), gettext("Why"), gettext("Alerts"), gettext("Last received")]
    rows = []
    for row in found.rows:
        received = words.moment(row.last_received_at, asked.zone) if row.last_received_at else gettext("never")
        group = paper.toned(gettext(shown.SEVERITIES.get(row.bucket, row.bucket)), row.bucket)
        rows.append([row.patient.name, group, _why(row, asked.zone), str(len(row.alerts)), received])
    blocks.append(paper.table(head, rows, widths=[3, 3, 10, 2, 3], right=(3,)))
    more = sum(n for bucket, n in found.counts.items() if bucket not in ("all", "calm")) - len(found.rows)
    if more > 0:
        blocks.append(
            paper.p(ngettext("And %(n)s more on the worklist.", "And %(n)s more on the worklist.", more) % {"n": more}, soft=True)
        )
    return blocks


def _why(row: Row, zone: ZoneInfo) -> str:
    said = []
    if row.alerts:
        said.append(shown.both(row.alerts[0].evidence["texts"]["clinician"]))
    elif row.rose and row.risk is not None:
        said.append(gettext("%(model)s: the risk rose.") % {"model": shown.both(row.risk.name)})
    elif row.silent_since is not None:
        said.append(gettext("Nothing received since %(at)s.") % {"at": words.moment(row.silent_since, zone)})
    if row.missed:
        said.append(
            ngettext("%(n)s expected measurement is missing.", "%(n)s expected measurements are missing.", row.missed) % {"n": row.missed}
        )
    return ("" if shown.language() == "zh-hans" else " ").join(said) or "–"


def _silent(found: Month) -> list[Block]:
    names = [one.name for one in found.silent]
    if not names:
        return []
    listed = words.joined(names[:MOST_SILENT])
    more = len(names) - MOST_SILENT
    if more > 0:
        listed += " " + ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}
    return [paper.h2(gettext("Sent nothing this month")), paper.p(listed)]


def _remarks() -> list[Block]:
    said = [
        gettext("Counted are the patients who are open to you today, each with the data she shares; who withdrew is in no month."),
        gettext("Means are of all readings of the month, doubtful ones among them; goals are not a judgement of one person's treatment."),
    ]
    return [paper.h2(gettext("How this was counted")), paper.bullets(said)]
