"""The operator's page and the admin: who comes in, what is said of the house, and that nothing of a patient is there."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from healthhub.audit import checks, log
from healthhub.audit.models import Check
from healthhub.config.admin import site
from monitoring import beats
from notifications.models import Attempt, Notice, Pulse
from notifications.post import post
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
TEXTS = {"en": {"title": "Blood pressure of Ana Silva", "body": "190/115"}, "zh-hans": {"title": "x", "body": "y"}}


def failed(world: World) -> Notice:
    post(people=[world.users["patient_self"].id], about="alert:1", reason="opened", severity="urgent", texts=TEXTS, now=timezone.now())
    notice = Notice.objects.get()
    at = timezone.now()
    Attempt.objects.create(notice=notice, at=at, transport="email", outcome="permanent", detail="550 no mailbox ana.silva@example.org here")
    Notice.objects.update(state="failed", due_at=None)
    return notice


def lights(client: Client) -> dict[str, str]:
    return {light.key: light.tone for light in client.get("/operations").context["lights"]}


def test_only_operators_see_and_do_anything_here(world: World) -> None:
    notice = failed(world)
    for who in USERS:
        client = world.client(who)
        wanted = 200 if who == "operator" else 403
        assert client.get("/operations").status_code == client.get("/operations/part").status_code == wanted, who
        if who != "operator":
            assert client.post("/operations/verify").status_code == client.post(f"/operations/notices/{notice.id}/again").status_code == 403
    assert Check.objects.count() == 0
    assert Notice.objects.get().state == "failed"
    assert Client().get("/operations").status_code == 302


def test_lights_follow_what_is_known(world: World, settings: Any, tmp_path: Path) -> None:
    client, now = world.client("operator"), timezone.now()
    assert lights(client)["log"] == "amber"  # entries of two days ago, without their seal
    log.seal(now=now)
    settings.BACKUP_STAMP_FILE = ""
    before = lights(client)
    assert before["sweep"] == before["worker"] == "red"
    assert (before["live"], before["backup"], before["log"], before["models"], before["notices"]) == (
        "silent", "amber", "silent", "silent", "calm",
    )  # fmt: skip
    beats.went_well(name=beats.SWEEP, now=now)
    beats.went_well(name=beats.LIVE, now=now - timedelta(minutes=5))
    Pulse.objects.create(name="deliver", asked_at=now, ran_at=now)
    settings.BACKUP_STAMP_FILE = str(tmp_path / "backup")
    assert lights(client)["backup"] == "red"
    (tmp_path / "backup").touch()
    failed(world)
    after = lights(client)
    assert (after["sweep"], after["worker"], after["live"], after["backup"], after["notices"]) == ("calm", "calm", "amber", "calm", "red")
    assert list(after.values()) == sorted(after.values(), key=["red", "amber", "silent", "calm"].index)


def test_a_notice_is_tried_again_and_names_nobody(world: World) -> None:
    notice, client = failed(world), world.client("operator")
    text = client.get("/operations").content.decode()
    assert "550 no mailbox …@example.org here" in text
    assert "ana.silva" not in text
    assert "Ana Silva" not in text
    answer = client.post(f"/operations/notices/{notice.id}/again")
    assert answer.status_code == 302
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == ("pending", 0)
    assert notice.due_at is not None
    assert client.post(f"/operations/notices/{notice.id}/again").status_code == 409
    assert client.post(f"/operations/notices/{uuid4()}/again").status_code == 404


def test_the_log_is_checked_as_a_whole(world: World) -> None:
    client = world.client("operator")
    assert client.post("/operations/verify").status_code == 302
    assert client.post("/operations/verify").status_code == 409
    asked = Check.objects.get()
    assert "A worker is reading it now." in client.get("/operations").content.decode()
    log.seal(now=timezone.now())
    checks.run(check_id=asked.id, anchors=None, now=timezone.now())
    assert lights(client)["log"] == "calm"
    Check.objects.update(trouble_count=2, troubles=[{"n": 3, "what": "edited"}, {"n": 9, "what": "missing"}])
    assert lights(client)["log"] == "red"
    assert "position 3: edited" in client.get("/operations").content.decode()


def test_the_admin_is_there_for_operators_of_the_staff_with_a_second_factor_only(world: World) -> None:
    for who in USERS:
        assert world.client(who).get("/admin/").status_code == 302, who
        assert world.client(who).get("/admin/", follow=True).status_code == 404, who
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    operator = world.users["operator"]
    operator.is_staff = True
    operator.save()
    client = world.client("operator")
    assert client.get("/admin/", follow=True).status_code == 404
    Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={})
    answer = client.get("/admin/")
    assert answer.status_code == 200
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    doctor = world.users["doctor_in_team"]
    doctor.is_staff = True
    doctor.save()
    Authenticator.objects.create(user=doctor, type=Authenticator.Type.TOTP, data={})
    assert world.client("doctor_in_team").get("/admin/", follow=True).status_code == 404


def test_the_admin_opens_no_table_of_patients_and_changes_little(world: World) -> None:
    operator = world.users["operator"]
    operator.is_staff = True
    operator.save()
    Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={})
    client = world.client("operator")
    opened = {f"{model._meta.app_label}.{model.__name__}" for model in site._registry}
    assert opened == {
        "people.Organisation", "people.Team", "people.User", "people.Membership",
        "risk.Version", "audit.Check", "monitoring.Beat", "notifications.Pulse",
    }  # fmt: skip
    for kind in ContentType.objects.filter(app_label__in=["people", "records", "monitoring", "risk", "notifications", "audit"]):
        model = kind.model_class()
        address = f"/admin/{kind.app_label}/{kind.model}/"
        known = model is not None and model in site._registry
        assert client.get(address).status_code == (200 if known else 404), address
    staff = client.get("/admin/people/user/").content.decode()
    assert "Dr Lim" in staff
    assert "Ana Silva" not in staff
    lim = world.users["doctor_in_team"].id
    assert client.post(f"/admin/people/user/{lim}/change/", {"name": "Another"}).status_code == 403
    assert client.post(f"/admin/people/user/{world.users['patient_self'].id}/change/", {}).status_code in (302, 403, 404)
    change = {"name": "Harbour Clinic 2", "kind": "clinic", "locale": "CN"}
    assert client.post(f"/admin/people/organisation/{world.clinic.id}/change/", change).status_code == 302
    world.clinic.refresh_from_db()
    assert world.clinic.name == "Harbour Clinic 2"
