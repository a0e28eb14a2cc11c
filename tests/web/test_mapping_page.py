"""A table of a check-up centre on the page: what is sure is shown, what is likely is asked, what is missing is said beside it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, expect

from monitoring import spool
from monitoring.models import Import
from tests.servers import Web
from tests.web import walking
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_import_page import path, place as place, work_off
from tests.world import World

TABLE = (
    "姓名,体检日期,身高(cm),体重,收缩压,舒张压(mmHg),血糖(mmol/L),谷丙转氨酶(U/L)\n"
    "张甲,03/04/2026,170,130,128,82,5.6,20\n李乙,05/06/2026,160,100,118,70,5.1,30\n张甲,07/08/2026,170,128,126,,6.1↑,18\n"
).encode("gb18030")
ANSWERS = {"person": "张甲", "order": "dmy", "unit-1": "[jin_ch]", "kind-4": "fpg:0"}


def upload(world: World, raw: bytes = TABLE) -> tuple[Any, str]:
    client = world.client("patient_self")
    client.cookies["django_language"] = "en"
    answer = client.post(path(world), {"file": SimpleUploadedFile("体检.csv", raw)})
    assert answer.status_code == 302
    return client, answer.headers["Location"]


@pytest.mark.django_db
def test_she_answers_and_the_table_is_taken_in(world: World) -> None:
    client, where = upload(world)
    assert where == f"{path(world)}/{Import.objects.get().id}/columns"
    shown = client.get(where).content.decode()
    assert "体检.csv comes from a place" in shown
    assert "03/04/2026 = 3 April 2026" in shown.replace("April 3, 2026", "3 April 2026")
    assert shown.count(" checked") == 0
    assert "李乙" in shown
    assert "waits for you to say" in client.get(path(world)).content.decode()
    answer = client.post(where, ANSWERS)
    assert (answer.status_code, answer.headers["Location"]) == (302, path(world))
    work_off(world)
    row = Import.objects.get()
    assert row.counts == {"stored": 7, "rejected": 2}
    assert {one["code"] for one in row.refused} == {"other_person", "one_of_two"}
    page = client.get(path(world)).content.decode()
    assert "7 readings were added" in page
    assert "of another person" in page
    assert client.get(where).headers["Location"] == path(world)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"unit-1": ""}, "Choose the unit."),
        ({"unit-1": "mmol/L"}, "Choose the unit."),
        ({"kind-4": ""}, "Choose what it is."),
        ({"kind-4": "soul:0"}, "Choose what it is."),
        ({"order": "ymd"}, "Choose one."),
        ({"person": "王丙"}, "Choose one."),
        ({"kind-5": "glucose:0"}, "Choose the unit."),
        ({f"kind-{number}": "-" for number in range(6)}, "Say of at least one column what it is."),
    ],
)
def test_what_is_missing_is_said_beside_it_and_nothing_else_is_lost(world: World, change: dict[str, str], says: str) -> None:
    client, where = upload(world)
    answer = client.post(where, ANSWERS | change)
    assert answer.status_code == 422
    words = answer.content.decode()
    assert says in words
    assert 'value="dmy" checked' in words or "order" in change
    assert Import.objects.get().state == "unmapped"


@pytest.mark.django_db
def test_a_table_without_a_date_asks_for_it(world: World) -> None:
    client, where = upload(world, b"weight (kg),waist (cm)\n70,80\n")
    assert "The table has no date." in client.get(where).content.decode()
    assert "Give the date of the check-up." in client.post(where, {"day": "2026-02-31"}).content.decode()
    assert client.post(where, {"day": "2026-02-03"}).status_code == 302
    work_off(world)
    assert Import.objects.get().counts == {"stored": 2}


@pytest.mark.django_db
def test_it_can_be_thrown_away(world: World, django_capture_on_commit_callbacks: Any) -> None:
    client, where = upload(world)
    row = Import.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(where.replace("/columns", "/discard")).headers["Location"] == path(world)
    assert not Import.objects.exists()
    assert not spool.path_of(row.id).exists()
    assert client.post(where.replace("/columns", "/discard")).status_code == 404


class TestInABrowser:
    pytestmark = IN_A_BROWSER

    def test_with_the_thumb_on_a_phone(self, browser: Browser, web: Web, served: World, tmp_path: Path) -> None:
        file = tmp_path / "check-up.csv"
        file.write_bytes(TABLE)
        ana = Reader(browser, web, served.client("patient_self"), viewport={"width": 320, "height": 800})
        page = ana.open(path(served))
        page.get_by_label("The file").set_input_files(file)
        page.get_by_role("button", name="Send the file").click()
        expect(page.get_by_role("heading", name="What do the columns mean?")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert walking.axe(page) == []
        assert walking.targets(page, least=44) == []
        page.get_by_role("button", name="Confirm and take it in").click()
        expect(page.get_by_text("Some answers are missing.")).to_be_visible()
        page.get_by_label("Whose lines are yours?").select_option("张甲")
        for words in ("03/04/2026 = 3 April 2026", "斤", "Fasting plasma glucose"):
            page.get_by_role("radio", name=words).check()
        page.get_by_role("button", name="Confirm and take it in").click()
        expect(page.get_by_text("It is here and waits its turn.")).to_be_visible()
        assert (Import.objects.get().mapping or {})["columns"][1]["unit"] == "[jin_ch]"
        assert [one for one in ana.complaints if "422" not in one] == []
