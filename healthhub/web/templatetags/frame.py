"""What stands around every page: the tabs of a patient's phone and her care team's number."""

from dataclasses import dataclass

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop as _n

register = template.Library()


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the patient's places: where it leads, its word and drawing, and whether she is there."""

    href: str
    words: str
    drawing: str
    here: bool


# (url name, whether it takes her id, word, drawing, beginnings of the url names that belong to it)
_TABS = (
    ("first", False, _n("Home"), "home", ("first", "home")),
    ("log", True, _n("Log"), "pen", ("log",)),
    ("trends", True, _n("Trends"), "trend", ("trend",)),
    ("my_data", True, _n("Mine"), "me", ("my_", "sharing", "device", "export", "erase", "settings", "told", "mfa_", "account_")),
)


@register.simple_tag(takes_context=True)
def tabs(context: Context) -> list[Tab]:
    """This function will give the tabs of a patient; none for everybody else, who finds her places in the header."""
    request = context.get("request")
    own = getattr(getattr(request, "visit", None), "own", None)
    if request is None or own is None or "clinician" in request.visit.roles:
        return []
    at = getattr(request.resolver_match, "url_name", "") or ""
    found = []
    for name, hers, words, drawing, beginnings in _TABS:
        found.append(Tab(reverse(name, args=[own.id] if hers else []), gettext(words), drawing, at.startswith(beginnings)))
    return found


@register.simple_tag(takes_context=True)
def care_phone(context: Context) -> str:
    """This function will give the number of the care team that answers for the signed-in patient; "" where there is none."""
    own = getattr(getattr(context.get("request"), "visit", None), "own", None)
    return own.team.phone if own is not None and own.team is not None else ""
