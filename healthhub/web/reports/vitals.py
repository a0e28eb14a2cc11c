"""What was measured, as blocks: blood pressure, glucose, weight, and everything else in one table."""

from django.utils.translation import gettext, ngettext

from healthhub.lib.units import from_canonical
from healthhub.records.catalogue import BY_KEY
from healthhub.web import shown
from healthhub.web.drawing import course, profile as usual_day, shares as bar
from healthhub.web.drawing.canvas import Svg
from healthhub.web.drawing.course import Axis, Limit, Point, Scene
from healthhub.web.drawing.shares import Share
from healthhub.web.reports import paper, words
from healthhub.web.reports.gathered import Asked, Found
from healthhub.web.reports.paper import Block
from monitoring import periods
from monitoring.home_bp import Average, Mean
from risk import glucose_profile
from risk.glucose_profile import Profile

DAY = 86400.0
WIDE, TALL = 620.0, 190.0
FEW = 5  # readings below which no share is told


def pressure(found: Found) -> list[Block]:
    """This function will give the section of blood pressure; nothing without a reading that counts."""
    one, asked = found.pressure, found.asked
    if one is None:
        return []
    target = words.pair(*one.target)
    tiles = [
        paper.tile(gettext("Mean"), words.pair(one.mean.systolic, one.mean.diastolic), "mmHg", _n_readings(one.n)),
        paper.tile(gettext("Mornings"), *_mean(one.morning)),
        paper.tile(gettext("Evenings"), *_mean(one.evening)),
        paper.tile(
            gettext("Below %(target)s mmHg") % {"target": target},
            words.percent(one.below, one.n),
            "",
            gettext("%(part)s of %(whole)s readings") % {"part": one.below, "whole": one.n},
            tone="calm" if one.below >= 0.7 * one.n else "amber",
        ),
    ]
    highest = one.highest
    blocks = [paper.h2(gettext("Blood pressure"))]
    if one.n >= FEW:
        blocks += [paper.tiles(tiles), paper.drawing(_pressure_drawing(found))]
    lines = [
        gettext("Mean of %(n)s: %(mean)s mmHg; too few for shares and a drawing.")
        % {"n": _n_readings(one.n), "mean": words.pair(one.mean.systolic, one.mean.diastolic)}
        if one.n < FEW
        else "",
        gettext("Highest: %(value)s mmHg on %(at)s.")
        % {"value": words.pair(highest.value, highest.value2 or 0), "at": words.moment(highest.at, asked.zone)},
        week(one.week),
    ]
    if one.left_out:
        lines.append(left_out(one.left_out))
    return [*blocks, paper.bullets([line for line in lines if line])]


def _n_readings(n: int) -> str:
    return ngettext("%(n)s reading", "%(n)s readings", n) % {"n": n}


def left_out(n: int) -> str:
    """This function will say how many doubtful readings do not count."""
    return ngettext(
        "%(n)s doubtful reading is left out of means and shares.", "%(n)s doubtful readings are left out of means and shares.", n
    ) % {"n": n}


def _mean(mean: Mean | None) -> tuple[str, str, str]:
    if mean is None:
        return "–", "", gettext("none measured")
    return words.pair(mean.systolic, mean.diastolic), "mmHg", _n_readings(mean.n)


def week(one: Average) -> str:
    """This function will say what the last seven days come to by the home protocol, or why they come to nothing."""
    if one.state == "insufficient" or one.mean is None:
        return gettext("Seven-day protocol: measured on %(days)s days only, too few for a diagnosis.") % {"days": one.days}
    mean = words.pair(one.mean.systolic, one.mean.diastolic)
    if one.state == "provisional":
        return gettext("Seven-day protocol: provisional mean %(mean)s mmHg of %(n)s readings; 12 are needed.") % {
            "mean": mean,
            "n": one.mean.n,
        }
    verdict = gettext("at or above the home threshold of 135/85") if one.cn_hypertension else gettext("below the home threshold of 135/85")
    return gettext("Seven-day protocol: mean %(mean)s mmHg of %(n)s readings, the first day left out: %(verdict)s.") % {
        "mean": mean,
        "n": one.mean.n,
        "verdict": verdict,
    }


def _pressure_drawing(found: Found) -> Svg:
    one, asked = found.pressure, found.asked
    assert one is not None
    points = [
        Point(each.at.timestamp(), each.value, each.value2, odd=not periods.counts(each))
        for each in found.pressures
        if each.value2 is not None
    ]
    label = gettext("Blood pressure from %(first)s to %(last)s: %(n)s readings, mean %(mean)s mmHg, target below %(target)s.") % {
        "first": words.day(asked.first),
        "last": words.day(asked.last),
        "n": one.n,
        "mean": words.pair(one.mean.systolic, one.mean.diastolic),
        "target": words.pair(*one.target),
    }
    limits = [Limit(value, "target", f"{value:g}") for value in one.target]
    return _drawn(asked, points, axis=Axis(40, 220, (60, 85, 110, 135, 160, 180, 200)), limits=limits, label=label, gap=0)


def _drawn(asked: Asked, points: list[Point], *, axis: Axis, limits: list[Limit], label: str, gap: float = 4 * DAY) -> Svg:
    scene = Scene(
        label=label,
        since=asked.since.timestamp(),
        until=asked.until.timestamp(),
        axis=axis,
        points=points,
        gap=gap,
        ticks=words.dates(asked),
        limits=limits,
    )
    return course.course(scene, width=WIDE, height=TALL)


def glucose(found: Found) -> list[Block]:
    """This function will give the section of glucose: the sensor's profile, and finger-stick readings."""
    blocks = [*_sensor(found), *_fingers(found)]
    return [paper.h2(gettext("Glucose")), *blocks] if blocks else []


def _sensor(found: Found) -> list[Block]:
    one, asked = found.profile, found.asked
    if one is None:
        return []
    head = gettext("Sensor: %(days)s days, worn %(wear)s %% of the time, %(n)s readings") % {
        "days": f"{one.days:.1f}",
        "wear": round(one.wear),
        "n": f"{one.n:,}",
    }
    if not one.enough:
        why = gettext(
            "Too little for a profile: at least 10 days and 70 % of the readings are needed. No shares and no usual day are shown."
        )
        return [paper.h3(head), paper.note(why, tone="silent")]
    mean = paper.tile(gettext("Mean glucose"), words.number(one.mean, "cgm", asked), words.unit("cgm", asked))
    gmi = paper.tile("GMI", f"{one.gmi:.1f}" if one.gmi is not None else "–", "%", "" if one.gmi is not None else gettext("needs 14 days"))
    steady = one.cv <= 36
    cv = paper.tile(gettext("Variability (CV)"), f"{one.cv:.0f}", "%", gettext("goal: at most 36 %"), tone="calm" if steady else "amber")
    lows = paper.tile(gettext("Episodes of low glucose"), str(one.lows), "", gettext("of them at night: %(n)s") % {"n": one.night_lows})
    figures = [paper.tiles([mean, gmi, cv, lows], across=2)]
    return [
        paper.h3(head),
        paper.columns([paper.drawing(_shares(one, asked))], figures, widths=(5, 6)),
        paper.h3(gettext("The usual day")),
        paper.drawing(_usual(one, asked)),
        paper.p(
            gettext("Line: median of all days by the time of day. Dark band: half of all readings. Light band: 90 % of all readings."),
            soft=True,
        ),
    ]


def _shares(one: Profile, asked: Asked) -> Svg:
    whole = glucose_profile.whole(one.shares)
    limits = [words.number(value, "cgm", asked) for value in (3.0, 3.9, 10.0, 13.9)]
    names = {
        "very_low": gettext("very low, below %(a)s") % {"a": limits[0]},
        "low": gettext("low, below %(a)s") % {"a": limits[1]},
        "in_range": gettext("in range, %(a)s–%(b)s") % {"a": limits[1], "b": limits[2]},
        "high": gettext("high, above %(a)s") % {"a": limits[2]},
        "very_high": gettext("very high, above %(a)s") % {"a": limits[3]},
    }
    looks = {"very_low": "very-low", "low": "low", "in_range": "in", "high": "high", "very_high": "very-high"}
    parts = [Share(looks[name], one.shares[name], names[name], f"{whole[name]} %") for name in glucose_profile.NAMES]
    label = gettext("Time in ranges: ") + words.joined([f"{part.words} {part.figure}" for part in parts])
    return bar.shares(parts, label=label, width=270, height=150)


def _usual(one: Profile, asked: Asked) -> Svg:
    kind = BY_KEY["cgm"]
    unit = words.unit_of(kind, asked)

    def told(value: float) -> float:
        return from_canonical(value, unit=unit, kind=kind)

    slots = [
        usual_day.Slot(slot.minute, None if slot.lines is None else _five([told(value) for value in slot.lines])) for slot in one.slots
    ]
    axis = Axis(36, 360, (70, 126, 180, 250)) if unit == "mg/dL" else Axis(2, 20, (3.9, 7, 10, 13.9))
    target = (70.0, 180.0) if unit == "mg/dL" else (3.9, 10.0)
    label = gettext("The usual day: glucose by the time of day over %(days)s days, median and percentiles.") % {"days": round(one.days)}
    return usual_day.profile(slots, axis=axis, target=target, label=label)


def _five(values: list[float]) -> usual_day.Lines:
    five, quarter, half, three, most = values
    return five, quarter, half, three, most


def _fingers(found: Found) -> list[Block]:
    one, asked = found.sugar, found.asked
    if one is None:
        return []
    unit = words.unit("glucose", asked)
    range_words = f"{words.number(3.9, 'glucose', asked)}–{words.number(10.0, 'glucose', asked)} {unit}"
    tiles = [
        paper.tile(gettext("Mean"), words.number(one.mean, "glucose", asked), unit, _n_readings(one.n)),
        *_meals(one, asked),
        paper.tile(
            gettext("Within %(range)s") % {"range": range_words},
            words.percent(one.inside, one.n),
            "",
            ngettext("%(n)s low", "%(n)s low", one.lows) % {"n": one.lows},
            tone="amber" if one.lows else "calm",
        ),
    ]
    low, high = one.lowest, one.highest
    sentence = gettext("Lowest %(low)s (%(low_at)s), highest %(high)s %(unit)s (%(high_at)s).") % {
        "low": words.number(low.value, "glucose", asked),
        "low_at": words.moment(low.at, asked.zone),
        "high": words.number(high.value, "glucose", asked),
        "high_at": words.moment(high.at, asked.zone),
        "unit": unit,
    }
    lines = [sentence] + ([left_out(one.left_out)] if one.left_out else [])
    return [paper.h3(gettext("Finger-stick readings")), paper.tiles(tiles), paper.bullets(lines)]


def _meals(one: periods.Sugar, asked: Asked) -> list[dict[str, str]]:
    """Nothing where no reading says when it was taken."""
    if one.before is None and one.after is None:
        return []
    return [
        paper.tile(gettext("Before meals"), *_meal(one.before, asked)),
        paper.tile(gettext("After meals"), *_meal(one.after, asked)),
    ]


def _meal(part: tuple[int, float] | None, asked: Asked) -> tuple[str, str, str]:
    if part is None:
        return "–", "", gettext("none marked so")
    return words.number(part[1], "glucose", asked), words.unit("glucose", asked), _n_readings(part[0])


def weight(found: Found) -> list[Block]:
    """This function will give the section of weight: first, last, change, and a drawing."""
    one, asked = found.weight, found.asked
    if one is None:
        return []
    kind, unit = BY_KEY["weight"], words.unit("weight", asked)
    points = [
        Point(each.at.timestamp(), words.converted(each.value, "weight", asked), odd=not periods.counts(each)) for each in found.weights
    ]
    signed = "".join(words.change(one.first.value, one.last.value, "weight", asked))
    since = gettext("from %(first)s to %(last)s %(unit)s") % {
        "first": words.number(one.first.value, "weight", asked),
        "last": words.number(one.last.value, "weight", asked),
        "unit": unit,
    }
    tiles = [paper.tile(gettext("Last"), words.number(one.last.value, "weight", asked), unit, words.moment(one.last.at, asked.zone))]
    if one.n > 1:
        tiles.append(paper.tile(gettext("Change over the period"), signed, unit, since))
        tiles.append(paper.tile(gettext("Mean"), words.number(one.mean, "weight", asked), unit, _n_readings(one.n)))
    label = gettext("Weight %(since)s, %(n)s readings.") % {"since": since, "n": one.n}
    axis = words.around([point.value for point in points])
    blocks = [paper.h2(shown.both(kind.name)), paper.tiles(tiles, across=3)]
    return [*blocks, paper.drawing(_drawn(asked, points, axis=axis, limits=[], label=label))] if len(points) > 2 else blocks


def others(found: Found) -> list[Block]:
    """This function will give everything else that was measured: what came again and again, then single values beside each other."""
    asked = found.asked
    rows, single = [], []
    for key, one in found.others.items():
        name, unit = shown.both(BY_KEY[key].name), words.unit(key, asked)
        last = words.number(one.last.value, key, asked)
        at = words.moment(one.last.at, asked.zone)
        if one.n == 1:
            single.append([name, f"{last} {unit}".strip(), words.short_day(one.last.at.astimezone(asked.zone).date())])
        else:
            extremes = f"{words.number(one.low, key, asked)}–{words.number(one.high, key, asked)}"
            rows.append([name, unit, str(one.n), words.number(one.mean, key, asked), extremes, f"{last} ({at})"])
    rows += _sums(found)
    head = [gettext("What"), gettext("Unit"), gettext("Readings"), gettext("Mean"), gettext("Lowest–highest"), gettext("Last")]
    blocks = [paper.table(head, rows, widths=[5, 3, 2, 2, 4, 5], right=(2, 3, 4, 5))] if rows else []
    if single:
        head = [gettext("What"), gettext("Value"), gettext("When")]
        halves = single[: (len(single) + 1) // 2], single[(len(single) + 1) // 2 :]
        tables = [[paper.table(head, half, widths=[6, 4, 3], right=(1, 2))] for half in halves if half]
        blocks += [paper.h3(gettext("Measured once")), paper.columns(*tables, widths=(1,) * len(tables))]
    return [paper.h2(gettext("Other measurements")), *blocks] if blocks else []


def _sums(found: Found) -> list[list[str]]:
    asked, rows = found.asked, []
    for key, days in found.days.items():
        if days:
            totals = [day.total for day in days]
            mean = words.number(sum(totals) / len(totals), key, asked)
            extremes = f"{words.number(min(totals), key, asked)}–{words.number(max(totals), key, asked)}"
            name = gettext("%(what)s, a day") % {"what": shown.both(BY_KEY[key].name)}
            rows.append(
                [name, words.unit(key, asked), ngettext("%(n)s day", "%(n)s days", len(days)) % {"n": len(days)}, mean, extremes, "–"]
            )
    return rows


def symptoms(found: Found) -> list[Block]:
    """This function will list what she felt and told."""
    if not found.symptoms:
        return []
    rows = [
        [words.moment(one.at, found.asked.zone), shown.both(BY_KEY[one.kind].name), shown.symptom_words(one.value)]
        for one in found.symptoms
    ]
    head = [gettext("When"), gettext("Symptom"), gettext("How strong")]
    return [paper.h2(gettext("Symptoms")), paper.table(head, rows, widths=[2, 4, 2])]
