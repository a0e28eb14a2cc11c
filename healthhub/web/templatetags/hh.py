"""Words and drawings for templates; each is one line over healthhub.web.shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from healthhub.web import shown
from healthhub.web.patient import words

register = template.Library()

TREATMENTS = frozenset(
    {"insulin", "insulin_pump", "sulfonylurea", "sglt2i", "antihypertensive", "diuretic", "raasi", "anticoagulant", "rate_control"}
    | {"critical_medication", "on_oxygen", "target_spo2_88_92"}
)
TYPE_SIZES = ("normal", "large", "largest")


@register.simple_tag(takes_context=True)
def type_size(context: Context) -> str:
    """The type size this browser was set to; only the three there are."""
    request = context.get("request")
    chosen = request.COOKIES.get("hh_type", "normal") if request else "normal"
    return chosen if chosen in TYPE_SIZES else "normal"


@register.filter
def ago(at: datetime) -> SafeString:
    """How long ago, kept right by the page itself (see live.js), with the exact time in the element."""
    words = shown.age_words(at, now=timezone.now())
    exact = f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
    return format_html('<time datetime="{}" title="{}" data-age>{}</time>', at.isoformat(), exact, words)


BROWSERS = (("Edg/", "Edge"), ("MicroMessenger", "WeChat"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


@register.filter
def browser(agent: str) -> str:
    """What a person would call the browser and machine behind a User-Agent header."""
    found = [next((name for mark, name in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in found if name) or gettext("Unknown device")


@register.filter
def title_of(texts: Mapping[str, Any]) -> str:
    """The title of a notice in the reader's language."""
    return str(shown.both({language: text.get("title", "") for language, text in texts.items()}))


@register.filter
def taken_at(alert: Any) -> datetime | None:
    """When somebody last took this alert in hand."""
    return next((step.at for step in reversed(alert.ordered_steps) if step.did == "acknowledged"), None)


@register.filter
def clock(at: datetime) -> SafeString:
    """Time of day, with the date where it is not today, in the reader's zone."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), shown.clock_words(at, now=timezone.now()))


@register.simple_tag(takes_context=True)
def value(context: Context, reading: Any) -> shown.Shown:
    """A reading in the reader's own unit."""
    return shown.value_words(reading, glucose_unit=_glucose_unit(context), own=_own_units(context))


@register.simple_tag(takes_context=True)
def value_text(context: Context, reading: Any) -> str:
    words = shown.value_words(reading, glucose_unit=_glucose_unit(context), own=_own_units(context))
    return f"{words.figure} {words.unit}".strip()


def _glucose_unit(context: Context) -> str:
    visit = getattr(context.get("request"), "visit", None)
    return visit.glucose_unit if visit else "mmol/L"


def _own_units(context: Context) -> Mapping[str, str]:
    visit = getattr(context.get("request"), "visit", None)
    return visit.own_units if visit else {}


@register.filter
def kind_name(reading: Any) -> str:
    return shown.both(shown.kind_of(reading).name)


@register.filter
def both(texts: Any) -> str:
    return shown.both(texts)


@register.filter
def condition(code: str) -> str:
    return shown.condition_words(code)


@register.filter
def severity_words(severity: str) -> str:
    return gettext(shown.SEVERITIES.get(severity, severity))


@register.filter
def person(patient: Any) -> str:
    return shown.person_words(patient, now=timezone.now())


@register.filter
def method_words(method: int) -> str:
    return gettext(shown.METHODS.get(method, ""))


@register.inclusion_tag("hh/icon.html")
def icon(name: str) -> dict[str, str]:
    """A drawing from the one set in hh/icon.html; decoration only, the word stands beside it."""
    return {"name": name}


@register.inclusion_tag("hh/state.html")
def state(severity: str) -> dict[str, str]:
    """Severity as shape, word and colour."""
    return {"severity": severity, "words": gettext(shown.SEVERITIES.get(severity, severity))}


@register.filter
def moment(text: str) -> datetime:
    """A moment out of evidence, where times are ISO texts."""
    return datetime.fromisoformat(text)


@register.filter
def has(given: Mapping[str, Any], name: str) -> bool:
    return bool(given.get(name))


@register.filter
def of(given: Mapping[Any, Any], key: Any) -> Any:
    return given.get(key) if given else None


@register.filter
def step_words(did: str) -> str:
    return gettext(shown.STEPS.get(did, did))


@register.filter
def outcome_words(outcome: str) -> str:
    return gettext(shown.OUTCOMES.get(outcome, outcome))


@register.filter
def meal_words(meal: str) -> str:
    return gettext(shown.MEALS.get(meal, meal))


@register.filter
def part_words(name: str) -> str:
    return gettext(shown.PARTS.get(name, name))


@register.filter
def limit_words(limit: Mapping[str, Any]) -> str:
    """A limit as it was used: "at least 180 mmHg"."""
    return shown.limit_words(limit)


@register.filter
def came_words(came: str) -> str:
    """Whether a notice reached its person."""
    return gettext(words.CAME.get(came, came))


@register.filter
def short_id(patient_id: Any) -> str:
    """The last letters of an id, enough to compare on the phone."""
    return str(patient_id)[-8:]


@register.filter
def is_treatment(code: str) -> bool:
    """Whether a code of the record is a treatment or target and no diagnosis."""
    return code in TREATMENTS


@register.filter
def can_change(about: Mapping[str, Any]) -> bool:
    """Whether what-if questions may vary any input of a model."""
    return any(feature["changeable"] for feature in about["features"])


@register.filter
def is_rule(rule_id: str) -> bool:
    """Whether an alert comes from a rule with limits, and not from a model or a forecast."""
    return not rule_id.startswith(("RISK-", "FORECAST-"))
