"""The visit's report: who may have it, that the PDF is tagged and speaks its language, that its figures are those of the readings,
and that what people typed stays what they typed."""

import io
import re
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from healthhub.audit.models import Entry
from healthhub.care import contacts, medications
from healthhub.people import consent
from healthhub.web.reports import paper
from tests.web.test_pages import NOBODYS, crisis, give, reading
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
EVIL = '#panic("x") *b* $1$ <b>bold</b> [c] \\ `raw` @ref'
MAY = {"patient_self", "doctor_in_team", "nurse_in_team", "doctor_break_glass"}


def opened(answer: Any) -> PdfReader:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    return PdfReader(io.BytesIO(answer.content))


def text_of(answer: Any) -> str:
    return " ".join(" ".join(page.extract_text() for page in opened(answer).pages).split())


def test_she_and_her_clinicians_may_have_it_and_nobody_else(world: World) -> None:
    for who in USERS:
        answer = world.client(who).get(f"/patients/{world.ana.id}/report")
        assert (answer.status_code == 200) == (who in MAY), who
        assert (answer["Content-Type"] == "application/pdf") == (who in MAY), who
        if who not in MAY:
            assert "Ana Silva" not in answer.content.decode()
        assert (world.client(who).get(f"/patients/{world.ana.id}/reports").status_code == 200) == (who in MAY), who
    assert Client().get(f"/patients/{world.ana.id}/report").status_code == 302
    doctor = world.client("doctor_in_team")
    assert doctor.get(f"/patients/{world.ben.id}/report").status_code == doctor.get(f"/patients/{NOBODYS}/report").status_code == 404


def test_it_is_written_into_her_log(world: World) -> None:
    world.client("doctor_in_team").get(f"/patients/{world.ana.id}/report")
    entry = Entry.objects.get(did="report.read")
    assert entry.patient_id == world.ana.id
    assert entry.actor_id == world.users["doctor_in_team"].id


@pytest.mark.parametrize(("language", "lang", "says"), [("en", "en", "In short"), ("zh-hans", "zh-CN", "概要")])
def test_it_is_tagged_and_speaks_its_language(world: World, language: str, lang: str, says: str) -> None:
    crisis(world)
    answer = world.client("doctor_in_team").get(f"/patients/{world.ana.id}/report?language={language}")
    pdf = opened(answer)
    root = pdf.trailer["/Root"].get_object()
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/StructTreeRoot"]
    assert root["/Lang"] == lang
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "Ana Silva" in str(pdf.metadata.title)
    about = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfuaid:part>1<", about)
    assert re.search(r"pdfaid:part>2<", about)
    text = text_of(answer)
    assert says in text
    assert ("就诊报告" in text) == (language == "zh-hans")
    assert answer["Content-Disposition"].startswith('attachment; filename="healthhub-Ana-Silva-')
    assert "no-store" in answer["Cache-Control"]


def test_every_picture_has_words(world: World) -> None:
    for minutes in range(10, 80, 10):
        give(world, reading(value=128, value2=78, minutes_ago=minutes))
    answer = world.client("patient_self").get(f"/patients/{world.ana.id}/report")
    kinds, alts = [], []

    def walk(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for one in node:
                walk(one)
        elif isinstance(node, dict):
            kinds.append(node.get("/S"))
            if node.get("/S") == "/Figure":
                alts.append(node.get("/Alt"))
            if "/K" in node:
                walk(node["/K"])

    walk(opened(answer).trailer["/Root"]["/StructTreeRoot"]["/K"])
    assert {"/H1", "/H2", "/Table", "/TH", "/L"} <= set(kinds)
    assert alts
    assert all("Blood pressure" in str(alt) for alt in alts)


def test_its_figures_are_those_of_the_readings(world: World) -> None:
    values = [(120, 70), (130, 80), (140, 90), (134, 84), (136, 76)]
    for number, (systolic, diastolic) in enumerate(values):
        give(world, reading(value=systolic, value2=diastolic, minutes_ago=20 + 20 * number))
    for number, kilos in enumerate((70.4, 71.0, 71.9)):
        give(world, reading("weight", kilos, None, minutes_ago=300 - 100 * number))
    for number, mmol in enumerate((3.6, 6.0, 7.5, 8.1, 11.3)):
        give(world, reading("glucose", mmol, None, minutes_ago=30 + 40 * number))
    text = text_of(world.client("doctor_in_team").get(f"/patients/{world.ana.id}/report"))
    # 660/5 = 132, 400/5 = 80; below 135/85 are 120/70, 130/80 and 134/84.
    assert "Home blood pressure averaged 132/80 mmHg over 5 readings; 60 % were below 135/85." in text
    assert "3 of 5 readings" in text
    assert "Highest: 140/90 mmHg" in text
    assert "Weight rose by 1.5 to 71.9 kg." in text
    # 36.5/5 = 7.3; inside 3.9-10.0 are three of five, one is low.
    assert "Finger-stick glucose averaged 7.3 mmol/L over 5 readings, 1 of them low." in text
    assert "cuff" in text


def test_what_people_typed_stays_what_they_typed(world: World) -> None:
    now, doctor = timezone.now(), world.viewer("doctor_in_team")
    world.ana.name = EVIL
    world.ana.save()
    medications.add(patient_id=world.ana.id, name=EVIL, dose="5 mg", times=[time(8)], by=world.viewer("patient_self"), now=now)
    contacts.add(patient_id=world.ana.id, kind="call", at=now - timedelta(minutes=1), text=EVIL, by=doctor, now=now)
    answer = world.client("doctor_in_team").get(f"/patients/{world.ana.id}/report")
    assert text_of(answer).count("$1$ <b>bold</b> [c] \\ `raw` @ref") >= 3
    name = re.search(r'filename="([^"]+)"', answer["Content-Disposition"])
    assert name
    assert re.fullmatch(r"healthhub-[\w.-]+\.pdf", name[1])


def test_only_what_she_agreed_to_stands_in_it(world: World) -> None:
    give(world, reading(value=128, value2=78), reading("weight", 70.0, None, minutes_ago=9))
    patient = world.viewer("patient_self")
    consent.withdraw(entry=world.entries["north"], by=patient, now=timezone.now())
    consent.grant(
        patient=world.ana, grantee_kind="team", grantee_id=world.north.id, data_classes=["body"], purpose="care",
        rights=["read"], document_version="2", by=patient, now=timezone.now(),
    )  # fmt: skip
    text = text_of(world.client("doctor_in_team").get(f"/patients/{world.ana.id}/report"))
    assert "Not all data are open to the reader" in text
    assert "70.0" in text
    assert "128/78" not in text
    assert "128/78" in text_of(world.client("patient_self").get(f"/patients/{world.ana.id}/report"))


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=yesterday", "no day"), ("to=2099-01-01", "has not come"), ("from=2026-13-01", "no day"), ("from=2001-01-01", "at most a year"),
     ("language=fr", "zh-hans or en")],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(world: World, query: str, field: str) -> None:
    answer = world.client("patient_self").get(f"/patients/{world.ana.id}/report?{query}")
    assert answer.status_code == 400
    assert field in answer.content.decode()


def test_a_thin_sensor_gives_no_profile(world: World) -> None:
    now = timezone.now()
    rows = [
        {"kind": "cgm", "at": (now - timedelta(minutes=5 * n)).isoformat(), "value": 6.5, "unit": "mmol/L", "source": "s"}
        | {"method": "device"}
        for n in range(288)
    ]
    give(world, *rows)
    text = text_of(world.client("patient_self").get(f"/patients/{world.ana.id}/report"))
    assert "Too little for a profile" in text
    assert "GMI" not in text


def test_days_are_hers(world: World) -> None:
    """01:30 in Shanghai is another day in UTC: the report goes by her wall."""
    zone = ZoneInfo("Asia/Shanghai")
    today = timezone.now().astimezone(zone).date()
    answer = world.client("patient_self").get(f"/patients/{world.ana.id}/report?from={today}&to={today}")
    assert f"{today:%Y}" in text_of(answer)
    assert answer["Content-Disposition"].count(f"{today:%Y%m%d}") == 1
    assert paper.STANDARDS == ["ua-1", "a-2a"]


def test_weight_is_told_in_her_unit(world: World) -> None:
    for number, kilos in enumerate((70.0, 71.0, 72.0)):
        give(world, reading("weight", kilos, None, minutes_ago=300 - 100 * number))
    ana = world.client("patient_self")
    ana.cookies["hh_unit_weight"] = "[lb_av]"
    assert "Weight rose by 4.4 to 158.7 lb." in text_of(ana.get(f"/patients/{world.ana.id}/report"))  # 2 kg; 72 kg
