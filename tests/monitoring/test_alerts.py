"""An alert's life: who has it, coming back, climbing, snoozing, closing; two at once; any number of sweeps."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction

from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people.models import Patient
from monitoring import alerts, expected, states, worklist
from monitoring.judge import Finding
from monitoring.models import Alert, AlertState, Expected, Step
from notifications import post
from notifications.models import Notice
from notifications.post import Message
from risk.models import Outcome
from tests.world import World, build

WORDS = {"zh-hans": "血氧低", "en": "Oxygen is low"}


def finding(at: datetime, rule: str = "OX-1", severity: str = "urgent", **changes: Any) -> Finding:
    evidence = {"inputs": [], "limits": [], "texts": {"patient": WORDS, "clinician": WORDS}, "source": "test"}
    return Finding(rule, "1", severity, "vitals", at, changes.pop("evidence", evidence), **changes)


def fire(world: World, **changes: Any) -> Alert:
    outbox: list[Message] = []
    with transaction.atomic():
        patient = Patient.objects.select_related("team").get(id=world.ana.id)
        alert = alerts.open_for(finding(world.now, **changes), patient=patient, now=world.now, outbox=outbox)
        post.post_all(messages=outbox, now=world.now)
    return alert


def told(alert: Alert, reason: str) -> set[str]:
    return set(Notice.objects.filter(about=alerts.about(alert), reason__startswith=reason).values_list("person__name", flat=True))


@pytest.mark.django_db
class TestAnAlert:
    def test_joins_what_goes_on_instead_of_firing_again(self, world: World) -> None:
        first, second = fire(world), fire(world)
        assert first.id == second.id
        assert Alert.objects.get().count == 2

    def test_taking_it_tells_the_next_one_who_has_it(self, world: World) -> None:
        alert = fire(world)
        alerts.acknowledge(alert_id=alert.id, by=world.viewer("doctor_in_team"), now=world.now)
        with pytest.raises(Conflict) as refused:
            alerts.acknowledge(alert_id=alert.id, by=world.viewer("nurse_in_team"), now=world.now)
        assert refused.value.code == "already_taken"
        assert refused.value.data["by"] == "Dr Lim"
        taken = alerts.acknowledge(alert_id=alert.id, by=world.viewer("nurse_in_team"), now=world.now, take_over=True)
        assert taken.acknowledged_by_id == world.users["nurse_in_team"].id
        waiting = Notice.objects.filter(about=alerts.about(alert), state=Notice.State.PENDING)
        assert set(waiting.values_list("person__name", flat=True)) == {"Ana Silva"}

    def test_comes_back_when_nobody_closed_it(self, world: World) -> None:
        alert = fire(world)
        until = world.now + timedelta(minutes=30)
        alerts.acknowledge(alert_id=alert.id, by=world.viewer("doctor_in_team"), now=world.now, until=until)
        assert alerts.handle_due(now=until - timedelta(seconds=1)) == 0
        assert alerts.handle_due(now=until) == 1
        alert.refresh_from_db()
        assert (alert.state, alert.acknowledged_by) == (AlertState.OPEN, None)
        assert "Dr Lim" in told(alert, "came_back")

    def test_climbs_its_frozen_chain(self, world: World) -> None:
        alert = fire(world)
        assert told(alert, "opened") == {"Ana Silva", "Cleo Silva", "Dr Lim"}
        for minutes, people in ((30, {"Dr Lim", "Mei Tan"}), (60, {"Dr Lim", "Mei Tan"}), (120, {"Dr Lim", "Mei Tan"})):
            assert alerts.handle_due(now=world.now + timedelta(minutes=minutes)) == 1
            alert.refresh_from_db()
            assert told(alert, f"escalated_{alert.step - 1}") == people
        assert alert.state == AlertState.ESCALATED
        assert alert.due_at is None

    def test_each_is_told_in_words_of_her_own(self, world: World) -> None:
        texts = {"patient": {"zh-hans": "请坐下。", "en": "Sit down."}, "clinician": {"zh-hans": "血氧 82 %", "en": "SpO2 82 %"}}
        alert = fire(world, severity="red", evidence={"inputs": [], "limits": [], "texts": texts, "source": "test"})
        for minutes in (5, 15):
            alerts.handle_due(now=world.now + timedelta(minutes=minutes))

        def words(name: str, reason: str, language: str) -> tuple[str, str]:
            notice = Notice.objects.get(about=alerts.about(alert), person__name=name, reason__startswith=reason)
            return notice.texts[language]["title"], notice.texts[language]["body"]

        assert words("Ana Silva", "opened", "en") == ("Emergency: act now", "Sit down.")
        assert words("Dr Lim", "opened", "en") == ("Ana Silva · Emergency: act now", "SpO2 82 %")
        assert words("Cleo Silva", "opened", "en")[1] == "Ana Silva is told: “Sit down.”"
        assert words("Mei Tan", "escalated_1", "en")[1] == "Raised 5 minutes ago, and nobody is looking after it. SpO2 82 %"
        assert words("Cleo Silva", "escalated_2", "zh-hans") == (
            "Ana Silva · 紧急：请立即处理",
            "15 分钟前发出，目前还没有人处理。请马上联系Ana Silva。Ana Silva收到的提示：“请坐下。”",
        )

    def test_snoozing_is_for_one_person_and_can_be_undone(self, world: World) -> None:
        alert = fire(world)
        mei, lim = world.viewer("nurse_in_team"), world.viewer("doctor_in_team")
        alerts.snooze(alert_id=alert.id, by=lim, until=world.now + timedelta(hours=1), now=world.now)
        alerts.handle_due(now=world.now + timedelta(minutes=30))
        assert told(alert, "escalated") == {"Mei Tan"}
        with pytest.raises(Conflict):
            alerts.unsnooze(alert_id=alert.id, by=mei, now=world.now)
        alerts.unsnooze(alert_id=alert.id, by=lim, now=world.now)
        alerts.handle_due(now=world.now + timedelta(minutes=60))
        assert told(alert, "escalated_2") == {"Dr Lim", "Mei Tan"}
        with pytest.raises(Invalid):
            alerts.snooze(alert_id=alert.id, by=lim, until=world.now + timedelta(days=8), now=world.now)

    def test_closing_it_says_what_came_of_it_and_silences_what_is_unsent(self, world: World) -> None:
        alert = fire(world)
        alerts.resolve(alert_id=alert.id, by=world.viewer("doctor_in_team"), outcome="contacted", text="Called her.", now=world.now)
        assert not Notice.objects.filter(about=alerts.about(alert), state=Notice.State.PENDING).exists()
        with pytest.raises(Conflict):
            alerts.note(alert_id=alert.id, by=world.viewer("doctor_in_team"), text="too late", now=world.now)
        assert fire(world).id != alert.id

    def test_clears_by_readings_only_when_open(self, world: World) -> None:
        alert = fire(world)
        with transaction.atomic():
            alerts.clear(finding(world.now, clear=True), patient=world.ana, now=world.now)
            alerts.clear(finding(world.now, clear=True), patient=world.ana, now=world.now)
        alert.refresh_from_db()
        assert alert.state == AlertState.CLEARED

    def test_is_nothing_to_those_whom_it_does_not_concern(self, world: World) -> None:
        alert = fire(world)
        for who in ("doctor_elsewhere", "other_patient", "caregiver_withdrawn", "doctor_removed", "programme_manager", "operator"):
            with pytest.raises(NotVisible):
                alerts.acknowledge(alert_id=alert.id, by=world.viewer(who), now=world.now)
        with pytest.raises(NotAllowed):
            alerts.acknowledge(alert_id=alert.id, by=world.viewer("doctor_break_glass"), now=world.now)

    def test_steps_cannot_be_rewritten(self, world: World) -> None:
        fire(world)
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            Step.objects.update(did="nothing")

    def test_two_open_episodes_of_one_rule_cannot_exist(self, world: World) -> None:
        alert = fire(world)
        alert.pk = UUID(int=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            alert.save(force_insert=True)


@pytest.mark.django_db
def test_the_worklist_is_ordered_by_need(world: World) -> None:
    for n, severity in enumerate(("watch", "red", "amber")):
        fire(world, rule=f"T-{n}", severity=severity)
    found = worklist.worklist(viewer=world.viewer("doctor_in_team"), now=world.now)
    assert [row.patient.name for row in found.rows] == ["Ana Silva"]
    assert [alert.severity for alert in found.rows[0].alerts] == ["red", "amber", "watch"]
    assert found.counts["red"] == 1
    assert worklist.worklist(viewer=world.viewer("programme_manager"), now=world.now).rows == []


@pytest.mark.django_db
def test_severity_comes_before_who_has_it(world: World) -> None:
    watch, red = fire(world, rule="T-1", severity="watch"), fire(world, rule="T-2", severity="red")
    alerts.acknowledge(alert_id=red.id, by=world.viewer("doctor_in_team"), now=world.now)
    (row,) = worklist.worklist(viewer=world.viewer("nurse_in_team"), now=world.now).rows
    assert row.bucket == "red"
    assert [alert.id for alert in row.alerts] == [red.id, watch.id]


@pytest.mark.django_db
def test_silence_is_told_tier_by_tier_and_ends_with_the_first_reading(world: World) -> None:
    world.ana.conditions = ["heart_failure"]
    world.ana.save()
    assert expected.begin(patient=world.ana, now=world.now) >= 1
    row = Expected.objects.get(patient=world.ana, kinds__contains=["weight"])
    for day in range(1, 12):
        expected.handle_due(now=world.now + timedelta(days=day, hours=12))
    row.refresh_from_db()
    alert = Alert.objects.get(patient=world.ana, rule_id=row.rule_id)
    assert row.tier > 1
    assert told(alert, "silent_0") == {"Ana Silva"}


def test_the_diagram_in_the_docs_is_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "alert-states.md"
    assert states.diagram() in page.read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def run(self, jobs: list[Any]) -> list[str]:
        outcomes: list[str] = []
        gate = threading.Barrier(len(jobs))

        def work(job: Any) -> None:
            close_old_connections()
            gate.wait()
            try:
                outcomes.append(str(job()))
            except Conflict as refused:
                outcomes.append(refused.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=[job]) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_two_doctors_cannot_both_have_it(self) -> None:
        world = build()
        alert = fire(world)

        def take(who: str) -> str:
            alerts.acknowledge(alert_id=alert.id, by=world.viewer(who), now=world.now)
            return "taken"

        assert sorted(self.run([lambda: take("doctor_in_team"), lambda: take("nurse_in_team")])) == ["already_taken", "taken"]

    def test_many_sweeps_take_each_step_once(self) -> None:
        world = build()
        for n in range(10):
            fire(world, rule=f"T-{n}")
        at = world.now + timedelta(minutes=30)
        handled = self.run([lambda: alerts.handle_due(now=at)] * 4)
        assert sum(map(int, handled)) == 10
        assert Step.objects.filter(did="escalated").count() == 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("severity", "outcome", "confirmed"), [("urgent", "acted", 1), ("urgent", "false_alarm", 0), ("watch", "acted", 0)]
)
def test_an_urgent_alert_acted_upon_is_something_models_may_learn_from(world: World, severity: str, outcome: str, confirmed: int) -> None:
    alert = fire(world, severity=severity)
    alerts.resolve(alert_id=alert.id, by=world.viewer("doctor_in_team"), outcome=outcome, text="seen", now=world.now)
    found = Outcome.objects.filter(patient=world.ana, kind="confirmed_alert", at=alert.evidence_at, source=alerts.about(alert))
    assert found.count() == confirmed
