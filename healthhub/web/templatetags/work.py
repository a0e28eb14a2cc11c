"""Words of the doctors' lists: risk with its interval, its change, and the time that is left."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from healthhub.web import shown
from healthhub.web.limits import NAMES
from risk.foremost import Foremost
from risk.scores.words import BANDS

register = template.Library()


@register.filter
def risk_figure(risk: Foremost) -> str:
    """The value: a chance in percent, anything else in its unit."""
    if risk.value is None:
        return ""
    return f"{risk.value * 100:.0f} %" if risk.probability else f"{risk.value:.0f} {shown.unit_words(risk.unit)}".strip()


@register.filter
def risk_interval(risk: Foremost) -> str:
    if risk.low is None or risk.high is None:
        return ""
    low, high = (risk.low * 100, risk.high * 100) if risk.probability else (risk.low, risk.high)
    return f"{low:.0f}–{high:.0f}"


@register.simple_tag
def risk_change(risk: Foremost, change: float | None) -> dict[str, object]:
    """The change within a week, rounded as the value is: which way, by how much, in words. Empty without one."""
    if change is None:
        return {}
    size = round(abs(change) * (100 if risk.probability else 1))
    up = change > 0
    if size == 0:
        return {"mark": "→", "size": "", "words": gettext("unchanged within a week")}
    words = gettext("up by %(n)s within a week") if up else gettext("down by %(n)s within a week")
    return {"mark": "▲" if up else "▼", "size": size, "words": words % {"n": size}, "up": up}


@register.filter
def risk_band(risk: Foremost) -> str:
    return shown.both(BANDS.get(risk.band, risk.band))


@register.filter
def left(until: datetime) -> SafeString:
    """How long until a moment, kept right by the page itself (see worklist.ts); past it: late by how much."""
    now = timezone.now()
    seconds = int((until - now).total_seconds())
    minutes = max(abs(seconds) // 60, 1)
    size, name = (minutes // 1440, "day") if minutes >= 2880 else (minutes // 60, "hour") if minutes >= 120 else (minutes, "minute")
    words = _late(size, name) if seconds < 0 else _left(size, name)
    exact = f"{timezone.localtime(until):%Y-%m-%d %H:%M}"
    given = (" late" if seconds < 0 else "", until.isoformat(), exact, _left("{n}", "minute"), _late("{n}", "minute"), words)
    return format_html('<time class="left{}" datetime="{}" title="{}" data-left="{}" data-late="{}">{}</time>', *given)


def _left(n: int | str, name: str) -> str:
    if name == "day":
        return gettext("%(n)s d left") % {"n": n}
    if name == "hour":
        return gettext("%(n)s h left") % {"n": n}
    return gettext("%(n)s min left") % {"n": n}


def _late(n: int | str, name: str) -> str:
    if name == "day":
        return gettext("late by %(n)s d") % {"n": n}
    if name == "hour":
        return gettext("late by %(n)s h") % {"n": n}
    return gettext("late by %(n)s min") % {"n": n}


@register.simple_tag
def limit_name(name: str) -> str:
    """A rule's limit by its name in the pack."""
    return gettext(NAMES[name]) if name in NAMES else name


@register.simple_tag
def unit_name(unit: str) -> str:
    return shown.unit_words(unit)


@register.simple_tag
def share(part: int, whole: int) -> str:
    """A share in whole percent."""
    return f"{part * 100 / whole:.0f} %" if whole else "–"
