"""The programme's page: how it does as a whole, in figures about groups; what is too small to be shown is explained, not left blank."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.programmes import cells, figures
from healthhub.programmes.groups import Breakdown, Month, Rate
from healthhub.web import shown
from healthhub.web.pages import PageRequest, page

BANDS = {"below_45": _n("below 45"), "45_64": _n("45 to 64"), "65_and_over": _n("65 and over"), "unknown_age": _n("age not known")}
SEXES = {"female": _n("women"), "male": _n("men"), "unknown": _n("not stated")}
STEPS = {
    "enrolled": _n("Agreed to take part"),
    "sent": _n("Sent readings this month"),
    "measured": _n("Measured enough to judge"),
    "reached": _n("Reached every goal"),
}
MEASURES = {
    "bp": (_n("Blood pressure"), _n("mean of the month below 135/85 mmHg, at home")),
    "glucose": (_n("Glucose"), _n("mean of the month below 8.6 mmol/L")),
    "weight": (_n("Weight"), _n("mean of the month at most 1 % above the first weight on record")),
}


@page("programme_manager")
def programme(request: PageRequest) -> HttpResponse:
    """This function will show the figures of one whole month; `month` is written as 2026-10."""
    visit = request.visit
    found = figures.programme(viewer=visit.viewer, now=visit.now, first=_month(request.GET.get("month", "")))
    month = found.figures
    context = {
        "organisation": found.organisation,
        "month": month_words(found.first),
        "months": [(f"{one:%Y-%m}", month_words(one), one == found.first) for one in found.months],
        "k": cells.K,
        "people": month.people,
        "funnel": [(gettext(STEPS[name]), value, _width(value, month.people)) for name, value in month.funnel],
        "weeks": [(gettext("Week %(n)s") % {"n": n}, _rate(one)) for n, one in enumerate(month.weeks, start=1)],
        "measures": [_measure(one) for one in month.measures],
        "alerts": month.alerts,
        "with_alerts": _rate(month.with_alerts),
        "sexes": [gettext(SEXES[name]) for name in month.sexes],
        "age_and_sex": [(gettext(BANDS[band]), row, total) for band, row, total in month.age_and_sex],
        "by_sex": month.by_sex,
        "hides": _hides(month),
    }
    return render(request, "hh/programme.html", context)


def _month(text: str) -> date | None:
    """Anything that is no month is the last one that is over."""
    year, _, number = text.partition("-")
    if (
        len(text) == 7
        and year.isascii()
        and year.isdigit()
        and number.isascii()
        and number.isdigit()
        and 1 <= int(number) <= 12
        and int(year)
    ):
        return date(int(year), int(number), 1)
    return None


def month_words(first: date) -> str:
    """This function will name a month: "October 2026"."""
    return date_format(first, "Y年n月" if shown.language() == "zh-hans" else "F Y")


def _width(value: int | None, people: int | None) -> int:
    return round(100 * value / people) if value is not None and people else 0


def _rate(one: Rate) -> dict[str, Any]:
    if one.share is None or one.low is None or one.high is None:
        return {"n": one.n, "share": None}
    return {"n": one.n, "share": round(one.share), "low": round(one.low), "high": round(one.high)}


def _measure(one: Breakdown) -> dict[str, Any]:
    name, goal = MEASURES[one.measure]
    groups = [(gettext(BANDS[band]), _rate(rate)) for band, rate in one.by_age]
    groups += [(gettext(SEXES[sex]), _rate(rate)) for sex, rate in one.by_sex]
    return {
        "name": gettext(name),
        "goal": gettext(goal),
        "overall": _rate(one.overall),
        "groups": groups,
        "told": any(rate["share"] is not None for _, rate in groups),
    }


def _hides(month: Month) -> bool:
    """Whether anything is hidden, so that the page says why."""
    rates: Iterable[Rate] = [
        *month.weeks,
        month.with_alerts,
        *(one.overall for one in month.measures),
        *(rate for one in month.measures for _, rate in (*one.by_age, *one.by_sex)),
    ]
    counts = [month.people, *(value for _, value in month.funnel), *(value for _, row, _ in month.age_and_sex for value in row)]
    return any(rate.share is None for rate in rates) or None in counts
