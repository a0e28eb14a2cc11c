"""Bringing readings along: the page takes a file in, says how far it is and what became of every record; then once in a browser."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, expect

from healthhub.audit.models import Entry
from monitoring import uploads
from monitoring.models import Import
from tests.monitoring.test_uploads import LAUGHS, export
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.world import World


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> None:
    settings.IMPORT_ROOT = tmp_path


def path(world: World) -> str:
    return f"/people/{world.ana.id}/data/imports"


def work_off(world: World) -> None:
    later = world.now + timedelta(seconds=30)
    while uploads.work(clock=lambda: later):
        pass


@pytest.mark.django_db
def test_she_sends_a_file_and_reads_what_became_of_it(world: World) -> None:
    client = world.client("patient_self")
    client.cookies["django_language"] = "en"
    answer = client.post(path(world), {"file": SimpleUploadedFile("导出.xml", export(3, wrong=2))})
    assert answer.status_code == 302
    waiting = client.get(path(world)).content.decode()
    assert "导出.xml" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    second = client.post(path(world), {"file": SimpleUploadedFile("b.xml", export(3))})
    assert second.status_code == 409
    assert "A file is being taken in already" in second.content.decode()
    work_off(world)
    part = client.get(path(world), headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in part
    assert "<html" not in part
    assert "3 readings were added" in part
    assert "2 records were not kept:" in part
    assert "without a value that can be read" in part
    table = client.get(f"{path(world)}/{Import.objects.get().id}/not-kept.csv")
    assert table.content.decode().splitlines()[1].startswith("4,rejected,bad_value,value,")
    assert Entry.objects.filter(did="import.read", patient_id=world.ana.id).count() == 1
    client.cookies["django_language"] = "zh-hans"
    assert "已添加 3 条测量数据" in client.get(path(world)).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "says"), [({}, "Choose a file first."), ({"file": SimpleUploadedFile("a.xml", LAUGHS)}, "The XML is built to do harm")]
)
def test_what_is_wrong_stands_beside_the_field(world: World, given: dict[str, Any], says: str) -> None:
    client = world.client("patient_self")
    client.cookies["django_language"] = "en"
    answer = client.post(path(world), given)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Import.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["token_revoked", "consent_withdrawn", "not_xml", "gave_up"])
def test_why_it_ended_is_said_in_words(world: World, code: str) -> None:
    client = world.client("patient_self")
    client.post(path(world), {"file": SimpleUploadedFile("a.xml", export(3))})
    Import.objects.update(state="stopped" if "_" in code[5:] else "failed", code=code, ended_at=world.now, due_at=None)
    client.cookies["django_language"] = "en"
    from_page = client.get(path(world)).content.decode()
    words = {"token_revoked": "was disconnected", "consent_withdrawn": "may no longer add", "gave_up": "failed several times"}
    assert words.get(code, "broken or breaks off") in from_page


class TestInABrowser:
    pytestmark = IN_A_BROWSER

    def test_the_list_follows_the_worker_by_itself(self, browser: Browser, web: Web, served: World, tmp_path: Path) -> None:
        file = tmp_path / "export.xml"
        file.write_bytes(export(4, wrong=1))
        ana = Reader(browser, web, served.client("patient_self"), viewport={"width": 390, "height": 844})
        page = ana.open(path(served))
        page.get_by_label("The file").set_input_files(file)
        page.get_by_role("button", name="Send the file").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        row = Import.objects.get()
        Import.objects.filter(id=row.id).update(state="done", records=5, taken=5, counts={"stored": 4, "rejected": 1}, due_at=None)
        expect(page.get_by_text("4 readings were added")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert ana.complaints == []
