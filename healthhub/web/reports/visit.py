"""One patient's report for a visit: who she is, one page in words and figures, then what was measured and what was done."""

from datetime import timedelta

from django.utils.translation import gettext

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.web import shown
from healthhub.web.reports import doings, paper, vitals, words
from healthhub.web.reports.gathered import Asked, Found, gathered
from healthhub.web.reports.paper import Block, Sheet
from risk import glucose_profile

SILENT = timedelta(days=3)


def sheet(asked: Asked) -> Sheet:
    """This function will gather a visit's report and put it in the reader's words; every reading of her record is logged by its door."""
    found = gathered(asked)
    patient = asked.patient
    printed = words.stamped(asked.now, asked.zone)
    footer = gettext("%(name)s · %(first)s – %(last)s · printed %(printed)s") % {
        "name": patient.name,
        "first": words.day(asked.first),
        "last": words.day(asked.last),
        "printed": printed,
    }
    title = gettext("%(name)s: report for the visit") % {"name": patient.name}
    blocks = [*_head(asked, printed), *_summary(found), *vitals.pressure(found), *vitals.glucose(found), *vitals.weight(found)]
    blocks += [*vitals.others(found), *vitals.symptoms(found), *doings.medicines(found), *doings.alerts(found)]
    blocks += [*doings.contacts(found), *doings.risks(found), *doings.limits(found), *doings.sources(found)]
    return Sheet(title, gettext("Report for a visit · confidential"), footer, blocks)


def _head(asked: Asked, printed: str) -> list[Block]:
    patient = asked.patient
    born = words.day(patient.birth_date) if patient.birth_date else gettext("not known")
    team = patient.team
    pairs = [
        (gettext("Patient"), patient.name),
        (gettext("Born"), born),
        (gettext("Age and sex"), shown.person_words(patient, now=asked.now) or gettext("not known")),
        (gettext("Clinic"), f"{team.organisation.name} · {team.name}" if team else gettext("none")),
        (gettext("Period"), f"{words.day(asked.first)} – {words.day(asked.last)}"),
        (gettext("Printed"), printed),
        (gettext("Conditions"), words.joined([shown.condition_words(code) for code in patient.conditions]) or "–"),
        (gettext("Number"), str(patient.id)),
    ]
    blocks = [paper.facts(pairs)]
    if asked.classes != DATA_CLASSES:
        blocks.append(
            paper.note(gettext("Not all data are open to the reader: this report holds only what the patient agreed to."), tone="amber")
        )
    if patient.is_simulated:
        blocks.append(paper.note(gettext("An invented person: readings in this report belong to no one."), tone="silent"))
    return blocks


def _summary(found: Found) -> list[Block]:
    """What a reader with half a minute must know."""
    said = [*_pressure(found), *_glucose(found), *_weight(found), *_medicines(found), doings.alert_sentence(found), *_risks(found)]
    silent = _silent(found)
    blocks = [paper.h2(gettext("In short")), paper.bullets(said)]
    return [*blocks, paper.note(silent, tone="amber")] if silent else blocks


def _pressure(found: Found) -> list[str]:
    one = found.pressure
    if one is None or one.n < vitals.FEW:
        return []
    return [
        gettext("Home blood pressure averaged %(mean)s mmHg over %(n)s readings; %(share)s were below %(target)s.")
        % {
            "mean": words.pair(one.mean.systolic, one.mean.diastolic),
            "n": one.n,
            "share": words.percent(one.below, one.n),
            "target": words.pair(*one.target),
        }
    ]


def _glucose(found: Found) -> list[str]:
    asked, said = found.asked, []
    profile, sugar = found.profile, found.sugar
    if profile is not None and profile.enough:
        whole = glucose_profile.whole(profile.shares)
        said.append(
            gettext("Glucose was in range %(inside)s %% of the time (goal: 70 %%), below it %(low)s + %(very)s %%; mean %(mean)s %(unit)s.")
            % {
                "inside": whole["in_range"],
                "low": whole["low"],
                "very": whole["very_low"],
                "mean": words.number(profile.mean, "cgm", asked),
                "unit": words.unit("cgm", asked),
            }
        )
    elif profile is not None:
        said.append(gettext("The glucose sensor was worn too little for a profile."))
    if sugar is not None and sugar.n >= vitals.FEW:
        said.append(
            gettext("Finger-stick glucose averaged %(mean)s %(unit)s over %(n)s readings, %(lows)s of them low.")
            % {"mean": words.number(sugar.mean, "glucose", asked), "unit": words.unit("glucose", asked), "n": sugar.n, "lows": sugar.lows}
        )
    return said


def _weight(found: Found) -> list[str]:
    one, asked = found.weight, found.asked
    if one is None or one.n < 2:
        return []
    sign, by = words.change(one.first.value, one.last.value, "weight", asked)
    figures = {
        "by": by,
        "to": words.number(one.last.value, "weight", asked),
        "unit": words.unit("weight", asked),
    }
    if not sign:
        return [gettext("Weight is steady at %(to)s %(unit)s.") % figures]
    if sign == "+":
        return [gettext("Weight rose by %(by)s to %(to)s %(unit)s.") % figures]
    return [gettext("Weight fell by %(by)s to %(to)s %(unit)s.") % figures]


def _medicines(found: Found) -> list[str]:
    due = sum(one.due for one in found.adherence.values())
    taken = sum(one.taken for one in found.adherence.values())
    if not due:
        return []
    return [
        gettext("Of %(due)s doses that were due %(taken)s were said to be taken (%(share)s).")
        % {"due": due, "taken": taken, "share": words.percent(taken, due)}
    ]


def _risks(found: Found) -> list[str]:
    """Only what stands in the worst third of its bands: the rest is in the table."""
    high = [
        one for one in found.risks if one["band"] and one["band"]["key"] in ("high", "very_high") and one["assessment"]["value"] is not None
    ]
    return [shown.both(one["assessment"]["sentence"]) for one in high]


def _silent(found: Found) -> str:
    """Nothing for days at the end of a period that is not over: every mean above is of an older time."""
    asked = found.asked
    newest = max((one.newest for one in found.quality.origins), default=None)
    if newest is None:
        return gettext("No reading came in during this period.")
    if min(asked.until, asked.now) - newest > SILENT:
        return gettext("The newest reading is of %(at)s: nothing came in since.") % {"at": words.moment(newest, asked.zone)}
    return ""
