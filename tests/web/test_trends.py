"""The trend pages: who opens them, the days and units asked for, and that sentence, table, chart and columns say the same."""

import gzip
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from itertools import product
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import fromstring
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from healthhub.audit.models import Entry
from healthhub.care import medications
from healthhub.people import consent
from healthhub.records import partitions, timeline
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS
from healthhub.records.timeline import Row
from healthhub.web.trends.spans import SPANS, window_of
from monitoring import plans
from tests.web.test_pages import INLINE, crisis
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
SHANGHAI_MINUTES = 480
ZONE = ZoneInfo("Asia/Shanghai")


def put(world: World, kind: str, values: Iterable[tuple[datetime, float, float | None]], **more: Any) -> None:
    """Readings as a device sent them long ago: stored, not judged."""
    values = list(values)
    partitions.ensure({timeline.month_of(at) for at, _, _ in values})
    after = timeline.lock(patient_id=world.ana.id)
    source = timeline.sources(patient_id=world.ana.id, keys=["cuff"])["cuff"]
    given: dict[str, Any] = {"seconds": None, "key": "", "method": 1, "flags": 0, "context": None} | more
    rows = [
        Row(kind=BY_KEY[kind].number, at=at, utc_offset=SHANGHAI_MINUTES, value=v, value2=v2, source=source, **given)
        for at, v, v2 in values
    ]
    timeline.add(patient_id=world.ana.id, rows=rows, after_seq=after, now=world.now)


def noon(now: datetime, days_ago: int = 0, hour: int = 12) -> datetime:
    """Shanghai's noon, or another hour, so many days ago."""
    return (now + timedelta(hours=8)).replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=UTC) - timedelta(days=days_ago, hours=8)


def pressures(world: World, days: int = 28) -> None:
    """130/80 in the mornings, 124/76 in the evenings, from yesterday back."""
    for day in range(1, days + 1):
        put(world, "bp", [(noon(world.now, day, 7), 130, 80), (noon(world.now, day, 20), 124, 76)])


def sensor(world: World, days: float, *, every: int = 5) -> None:
    start = world.now.replace(second=0, microsecond=0) - timedelta(minutes=10)
    count = int(days * 1440 / every)
    put(world, "cgm", [(start - timedelta(minutes=every * n), 5.0 + n % 100 / 20, None) for n in range(count)])


def text_of(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


MAY = {"patient_self", "caregiver_with_consent", "doctor_in_team", "nurse_in_team", "doctor_break_glass"}


@pytest.mark.parametrize("who", USERS)
def test_who_opens_her_trends(world: World, who: str) -> None:
    pressures(world, days=2)
    client = world.client(who)
    for page in ("trends", "trends/bp", "trends/bp/part", "trends/bp/data", "trends/bp?view=table", "trends/bp?view=csv"):
        answer = client.get(f"/people/{world.ana.id}/{page}")
        assert (answer.status_code == 200) == (who in MAY), (page, answer.status_code)
        if who not in MAY:
            assert answer.status_code in (403, 404)
            assert "130/80" not in answer.content.decode()
    foreign, unknown = (client.get(f"/people/{one}/trends/bp").status_code for one in (world.ben.id, uuid4()))
    assert foreign == unknown or who in {
        "other_patient",
        "doctor_elsewhere",
        "doctor_break_glass",
        "doctor_break_glass_lapsed",
    }  # Ben's own


def test_what_is_read_is_written_down_and_what_consent_leaves_out_is_shut(world: World) -> None:
    put(world, "weight", [(noon(world.now, 1), 70, None)])
    cleo = world.client("caregiver_with_consent")
    assert cleo.get(f"/people/{world.ana.id}/trends/weight").status_code == 200
    entry = Entry.objects.filter(patient_id=world.ana.id, did="observations.read").latest("at")
    assert entry.detail == {"kinds": ["weight"]}
    assert entry.actor_id == world.users["caregiver_with_consent"].id
    consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=timezone.now())
    consent.grant(
        patient=world.ana, grantee_kind="person", grantee_id=world.users["caregiver_with_consent"].id, data_classes=["glucose"],
        purpose="caregiving", rights=["read"], document_version="1", by=world.viewer("patient_self"), now=timezone.now(),
    )  # fmt: skip
    assert cleo.get(f"/people/{world.ana.id}/trends/weight").status_code == 403
    assert cleo.get(f"/people/{world.ana.id}/trends/weight/data").status_code == 403
    assert cleo.get(f"/people/{world.ana.id}/trends/glucose").status_code == 200
    assert "Weight" not in text_of(cleo.get(f"/people/{world.ana.id}/trends"))


@pytest.mark.parametrize("kind", ["no_such_kind", "symptom_dyspnoea", "medication_taken"])
def test_what_is_no_figure_has_no_trend(world: World, kind: str) -> None:
    assert world.client("patient_self").get(f"/people/{world.ana.id}/trends/{kind}").status_code == 404


def test_the_sentence_says_count_mean_target_and_direction(world: World) -> None:
    pressures(world)
    text = text_of(world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp?span=month"))
    assert "56 readings, mean 127/78 mmHg, 100 % in the target. About the same" in text
    assert "Morning 130/80 mmHg 28 readings" in text
    assert "Evening 124/76 mmHg" in text
    assert "Mornings are higher by 6 mmHg" in text
    assert "Mean 127/78 mmHg of 12 readings · valid Below the home threshold of 135/85 mmHg." in text


def test_the_target_of_pressure_is_the_home_threshold(world: World) -> None:
    put(world, "bp", [(noon(world.now, day, 7), value, low) for day, value, low in ((1, 134, 84), (2, 135, 70), (3, 120, 85), (4, 88, 60))])
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp")
    assert "4 readings, mean 119/75 mmHg, 25 % in the target." in text_of(page)
    assert "target: below 135/85 mmHg on average" in text_of(page)
    assert "draw-limit-target" in page.content.decode()


def test_a_day_beside_the_same_weekday(world: World) -> None:
    put(world, "glucose", [(noon(world.now, day, hour), 5.0 + day, None) for day in (1, 8) for hour in (8, 9, 10)])
    client, day = world.client("patient_self"), noon(world.now, 1).date()
    address = f"/people/{world.ana.id}/trends/glucose?span=day&until={day}"
    plain, beside = client.get(address), client.get(f"{address}&compare=week")
    assert "draw-other" not in plain.content.decode()
    assert "draw-other" in beside.content.decode()
    assert "mean 13.0 mmol/L." in text_of(beside)
    assert "Stop comparing" in text_of(beside)


def test_a_rise_is_said_and_has_a_size(world: World) -> None:
    put(world, "weight", [(noon(world.now, day), 80 - day / 10, None) for day in range(1, 30)])
    text = text_of(world.client("doctor_in_team").get(f"/people/{world.ana.id}/trends/weight?span=month"))
    assert "In the second half of this time higher by 1.5 kg than in the first." in text


def test_every_span_in_both_languages_obeys_the_policy(world: World) -> None:
    pressures(world, days=9)
    sensor(world, days=3)
    put(world, "steps", [(noon(world.now, day, hour), 400, None) for day in range(9) for hour in (8, 9)], seconds=3600)
    client = world.client("patient_self")
    for span, kind, language in product(SPANS, ("bp", "cgm", "steps", "glucose"), ("en", "zh-hans")):
        client.cookies["django_language"] = language
        answer = client.get(f"/people/{world.ana.id}/trends/{kind}?span={span}")
        page = answer.content.decode()
        assert answer.status_code == 200
        assert not INLINE.search(page)
        assert f'aria-current="true" href="/people/{world.ana.id}/trends/{kind}?span={span}"' in page
        for drawing in re.findall(r"<svg xmlns=.*?</svg>", page):
            assert fromstring(drawing).get("aria-label")
        if language == "en":
            assert not re.search(r"[\u4e00-\u9fff]", text_of(answer).replace("中文", "").replace("长辈版", "")), kind


def rows_of(page: str) -> list[list[str]]:
    table = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)[-1]
    rows = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows]


def test_the_table_holds_the_data_of_the_chart(world: World) -> None:
    put(world, "glucose", [(noon(world.now, day), 5 + day / 10, None) for day in range(1, 8)])
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/glucose?span=month").content.decode()
    assert [row[1] for row in rows_of(page)] == [f"{5 + day / 10:.1f} mmol/L" for day in range(1, 8)]
    dots = re.search(r'<svg xmlns="[^"]*" class="course".*?</svg>', page)
    assert dots
    drawn = [element for element in fromstring(dots[0]) if element.get("class") == "draw-dot"]
    assert len(drawn) == 7


def test_many_readings_become_days_from_their_lowest_to_their_highest(world: World) -> None:
    sensor(world, days=20)
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/cgm?span=month").content.decode()
    assert page.count('class="draw-span"') in (2 * 20, 2 * 21)  # for a desk and for a phone
    assert {row[2] for row in rows_of(page)[1:-1]} == {"5.0"}
    assert {row[3] for row in rows_of(page)[1:-1]} == {"10.0"}
    assert f'data-dense="/people/{world.ana.id}/trends/cgm/data?span=month"' in page


def test_a_readers_unit_is_used_everywhere(world: World) -> None:
    ana = world.users["patient_self"]
    ana.glucose_unit = "mg/dL"
    ana.save()
    sensor(world, days=14.2)
    client = world.client("patient_self")
    page = client.get(f"/people/{world.ana.id}/trends/cgm?span=month")
    assert "mg/dL" in text_of(page)
    assert "mmol/L" not in text_of(page)
    assert "Very low <54" in text_of(page)
    assert "In range 70–180" in text_of(page)
    columns = client.get(f"/people/{world.ana.id}/trends/cgm/data?span=day").json()
    assert columns["unit"] == "mg/dL"
    assert columns["target"] == [[pytest.approx(70.3, abs=0.1), pytest.approx(180.2, abs=0.1)]]
    assert {round(90.1 + 0.9 * step) for step in range(100)} >= {value * columns["scale"] for value in columns["v"]}


def test_columns_hold_every_reading(world: World) -> None:
    sensor(world, days=2.5)
    put(world, "cgm", [(world.now - timedelta(days=6), 2.1, None)])
    answer = world.client("patient_self").get(f"/people/{world.ana.id}/trends/cgm/data?span=week", headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert "no-store" in answer["Cache-Control"]
    columns = json.loads(gzip.decompress(answer.content))
    assert len(columns["v"]) == len(columns["dt"]) + 1 == 721
    assert columns["v"][0] * columns["scale"] == pytest.approx(2.1)
    assert columns["t0"] == int((world.now - timedelta(days=6)).timestamp())
    assert columns["t0"] + sum(columns["dt"]) <= world.now.timestamp()
    assert columns["digits"] == 1
    assert max(columns["dt"]) > columns["gap"]
    tones = {(tone, words) for _, tone, words in columns["limits"]}
    assert {("urgent", "3"), ("amber", "3.9")} <= tones


def test_a_usual_day_is_refused_until_there_is_enough(world: World) -> None:
    sensor(world, days=6)
    client = world.client("patient_self")
    page = client.get(f"/people/{world.ana.id}/trends/cgm?span=month")
    assert "Not enough data for a usual day: it needs 10 days and 70 % of the sensor's readings; here are 6 days and 100 %." in text_of(
        page
    )
    assert "draw-median" not in page.content.decode()
    assert "Day by day" in text_of(page)


def test_the_daily_glucose_profile(world: World) -> None:
    sensor(world, days=15)
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/cgm?span=month")
    text = text_of(page)
    assert "Daily glucose profile" in text
    assert "AGP" not in text
    assert page.content.decode().count('class="draw-median"') == 2
    assert "In range 3.9–10.0" in text
    assert "GMI (expected HbA1c)" in text
    assert page.content.decode().count('class="small-day"') == 14


def test_limits_set_for_her_are_drawn_as_hers(world: World) -> None:
    pressures(world, days=3)
    plans.set_limit(
        patient_id=world.ana.id, rule_id="BP-04", changes={"sbp": {"value": 150, "unit": "mm[Hg]"}}, reason="frail, falls", expires_at=None,
        by=world.viewer("doctor_in_team"), now=timezone.now(),
    )  # fmt: skip
    text = text_of(world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp"))
    assert "150* mmHg or more · Attention: Repeatedly high blood pressure (set for this person)" in text
    assert "160 mmHg or more" not in text


def test_alerts_and_medication_stand_on_the_chart_and_in_words(world: World) -> None:
    crisis(world)
    put(world, "medication_taken", [(world.now - timedelta(minutes=30), 1, None), (world.now - timedelta(minutes=90), 0, None)])
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp?span=week")
    text = text_of(page)
    assert "draw-mark-urgent" in page.content.decode()
    assert "draw-mark-pill" in page.content.decode()
    assert "draw-mark-missed" in page.content.decode()
    assert "Medication missed" in text
    assert "Your blood pressure was 191/116 mmHg, still very high when repeated." in text
    row = next(row for row in rows_of(page.content.decode()) if "191/116" in row[1])
    assert "Urgent" in row[3]


def test_a_medicine_begun_stands_on_the_chart(world: World) -> None:
    pressures(world, days=9)
    began = noon(world.now, 5).date()
    medications.add(
        patient_id=world.ana.id, name="Amlodipine", dose="5 mg", times=[time(8)], since=began, by=world.viewer("doctor_in_team"),
        now=timezone.now(),
    )  # fmt: skip
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp?span=month")
    assert page.content.decode().count('class="draw-mark-change"') == 2
    assert "Started: Amlodipine 5 mg" in text_of(page)
    assert "diamond: a medicine started or stopped" in text_of(page)


def test_a_day_tells_source_method_and_doubts(world: World) -> None:
    put(world, "bp", [(noon(world.now, 2, 9), 190, 76)], flags=SUSPICIOUS, method=2)
    day = noon(world.now, 2).date()
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp?span=day&until={day}")
    assert [row[1:] for row in rows_of(page.content.decode())] == [["190/76 mmHg", "by hand · cuff", "unusual value, please measure again"]]
    assert 'class="draw-odd"' in page.content.decode()


def test_steps_are_counted_once_and_drawn_as_bars(world: World) -> None:
    put(world, "steps", [(noon(world.now, day, hour), 500, None) for day in range(1, 11) for hour in (8, 9)], seconds=3600)
    page = world.client("patient_self").get(f"/people/{world.ana.id}/trends/steps?span=month")
    assert "10 days, on average 1,000 steps a day" in text_of(page)
    assert page.content.decode().count('class="draw-bar"') == 20
    assert rows_of(page.content.decode())[0][1] == "1,000 steps"


def test_the_table_of_every_reading_goes_on_page_by_page(world: World) -> None:
    sensor(world, days=1)
    client = world.client("patient_self")
    seen: list[str] = []
    address = f"/people/{world.ana.id}/trends/cgm?span=week&view=table"
    for _ in range(3):
        page = client.get(address).content.decode()
        seen += [row[0] for row in rows_of(page)]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = f"/people/{world.ana.id}/trends/cgm{unescape(following[1])}" if following else ""
    assert not address
    assert len(seen) == len(set(seen)) == 288
    assert client.get(f"/people/{world.ana.id}/trends/cgm?view=table&before=nonsense").status_code == 200


def test_inside_another_page_the_tabs_stay_on_it(world: World) -> None:
    pressures(world, days=2)
    client, address = world.client("doctor_in_team"), f"/people/{world.ana.id}/trends/bp/part"
    inside = {"hx-request": "true", "hx-current-url": f"http://testserver/patients/{world.ana.id}"}
    embedded = client.get(address, headers=inside).content.decode()
    assert f'hx-get="{address}?span=week"' in embedded
    assert "<h1" not in embedded
    own = client.get(
        address, headers=inside | {"hx-current-url": f"http://testserver/people/{world.ana.id}/trends/bp?span=day"}
    ).content.decode()
    assert f'hx-get="{address}?span=week"' not in own
    assert "<h1" in own


def test_csv(world: World) -> None:
    pressures(world, days=2)
    answer = world.client("patient_self").get(f"/people/{world.ana.id}/trends/bp?view=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "at,bp,bp_2,unit,doubtful"
    assert lines[1] == f"{noon(world.now, 2, 7).astimezone(window_of({}, now=world.now, zone=ZONE).zone).isoformat()},130,80,mm[Hg],"
    assert len(lines) == 5
    assert f"bp-{window_of({}, now=world.now, zone=ZONE).first}" in answer["Content-Disposition"]


def test_nothing_yet(world: World) -> None:
    client = world.client("patient_self")
    assert "Log the first reading" in text_of(client.get(f"/people/{world.ana.id}/trends"))
    page = client.get(f"/people/{world.ana.id}/trends/bp")
    assert "No readings in this time." in text_of(page)
    assert "<svg xmlns" not in page.content.decode()
    assert "Log the first reading" not in text_of(world.client("doctor_in_team").get(f"/people/{world.ana.id}/trends"))


def test_the_overview_says_value_age_and_month(world: World) -> None:
    pressures(world)
    put(world, "sleep", [(noon(world.now, day, 6), 420, None) for day in range(1, 8)], seconds=25200)
    page = world.client("doctor_in_team").get(f"/people/{world.ana.id}/trends")
    text = text_of(page)
    assert re.search(r"Blood pressure 124/76 mmHg \d+ hours? ago|Blood pressure 124/76 mmHg 1 day ago", text)
    assert "30 days: 56 readings, mean 127/78 mmHg" in text
    assert "30 days: on average 7.0 h a day" in text
    assert page.content.decode().count('class="spark"') == 2
    put(world, "hba1c", [(noon(world.now, 20), 7.1, None)])
    page = world.client("doctor_in_team").get(f"/people/{world.ana.id}/trends")
    assert re.search("Measured now and then HbA1c 7.1 % (19|20) days ago", text_of(page))
    assert page.content.decode().count('class="spark"') == 2


def test_windows() -> None:
    now = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # the 24th in Shanghai
    month = window_of({}, now=now, zone=ZONE)
    assert (month.first, month.last, month.later) == (date(2026, 10, 26), date(2026, 11, 24), None)
    assert month.since == datetime(2026, 10, 25, 16, 0, tzinfo=UTC)
    week = window_of({"span": "week", "until": "2026-11-10"}, now=now, zone=ZONE)
    assert (week.first, week.last, week.earlier, week.later) == (
        date(2026, 11, 4),
        date(2026, 11, 10),
        date(2026, 11, 3),
        date(2026, 11, 17),
    )
    for nonsense in ({"span": "decade"}, {"until": "2027-01-01"}, {"until": "yesterday"}):
        assert window_of(nonsense, now=now, zone=ZONE) == month
    assert window_of({"until": "0001-01-01", "span": "year"}, now=now, zone=ZONE).first.year == 1990


def test_a_year_of_a_sensor_is_two_statements_of_readings(world: World) -> None:
    """However many readings there are, the page asks for no more."""
    sensor(world, days=3)
    client = world.client("patient_self")
    client.get(f"/people/{world.ana.id}/trends/cgm?span=year")  # makes the summaries
    counts = []
    for span in ("week", "year"):
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/people/{world.ana.id}/trends/cgm/data?span={span}")
        counts.append(len(asked))
    assert counts[0] - counts[1] in (0, 1, 2)
    assert counts[1] < 25


def test_what_was_typed_wrongly_is_taken_back_from_the_table(world: World) -> None:
    put(world, "bp", [(noon(world.now, 1, 7), 130, 80)])
    put(world, "bp", [(noon(world.now, 1, 20), 238, 86)], method=2)
    client, address = world.client("patient_self"), f"/people/{world.ana.id}/trends/bp?span=week&view=table"
    page = client.get(address).content.decode()
    tokens = re.findall(r'name="undo" value="([^"]+)"', page)
    assert len(tokens) == 1  # what a device sent is not hers to take back
    assert client.post(f"/people/{world.ana.id}/undo", {"undo": unescape(tokens[0])}).status_code == 302
    after = client.get(address).content.decode()
    assert "130/80" in after
    assert "238/86" not in after
    assert 'name="undo"' not in world.client("caregiver_with_consent").get(address).content.decode()
