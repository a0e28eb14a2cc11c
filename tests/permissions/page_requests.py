"""How each page of the table is asked: the ids in its path and a form that the right person may send."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from healthhub.records import exports
from healthhub.web.act import undo_token
from tests.apps import App
from tests.permissions.records import Records
from tests.permissions.requests import RELEASED
from tests.risk import said
from tests.world import World


@dataclass(frozen=True)
class PageAsking:
    """`ids` are the parameters of the path; `form` is what a browser posts; `query` stands behind the question mark."""

    ids: dict[str, Any] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """This function will give the address."""
        return str(reverse(name, kwargs=self.ids, query=self.query or None))

    def of(self, stranger: str, *, instead: str) -> "PageAsking":
        """This function will give the same request about somebody else."""
        swap = {key: value.replace(instead, stranger) for key, value in self.form.items()}
        return PageAsking({key: stranger if value == instead else value for key, value in self.ids.items()}, swap, self.query)


def send(client: Client, method: str, name: str, how: PageAsking) -> HttpResponse:
    """This function will ask as a browser does."""
    more: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded", "data": urlencode(how.form)} if method == "POST" else {}
    return client.generic(method, how.path(name), **more)  # type: ignore[return-value]


def page_asking(world: World, records: Records, method: str, name: str) -> PageAsking:
    """This function will give the request for one line of the table, aimed at what is Ana's; her own page where the line has no more."""
    line = f"{method} {name}"
    special = _own(world, records) | _affairs(world, records) | _clinical(world, records) | _house(records)
    if line in special:
        return special[line]
    about_her = {"patient_id": str(world.ana.id)}
    return PageAsking(about_her if name in ABOUT_HER else {})


# Pages whose only parameter is the patient.
ABOUT_HER = frozenset(
    {
        "home",
        "home_state",
        "home_values",
        "home_tasks",
        "pad",
        "log",
        "medicines",
        "my_data",
        "my_log",
        "sharing",
        "sources",
        "devices",
        "connections",
        "export",
        "my_imports",
        "erase",
        "erase_keep",
        "trends",
        "report_choose",
        "report",
        "work_row",
        "chart",
        "chart_alerts",
        "chart_trend",
        "chart_still",
        "chart_course",
        "chart_risk",
        "chart_models",
        "chart_scores",
        "chart_forecasts",
        "chart_pressure",
        "chart_glucose",
        "chart_heart",
        "chart_plan",
        "chart_history",
        "chart_sources",
        "chart_summary",
        "limits_edit",
        "chart_glass",
    }
)


def _own(world: World, records: Records) -> dict[str, PageAsking]:
    ana = {"patient_id": str(world.ana.id)}
    bp = ana | {"what": "bp"}
    drug = ana | {"medication_id": str(records.medication)}
    today = f"{world.now.astimezone(ZoneInfo(world.ana.time_zone)):%Y-%m-%d}"
    alert = ana | {"alert_id": str(records.open_alert), "step": "take"}
    return {
        "POST told_add": PageAsking(form={"transport": "webhook", "url": "https://93.184.216.34/told"}),
        "POST told_quiet": PageAsking(form={"start": "22:00", "end": "07:00"}),
        "GET app_authorise": PageAsking(query=App(records.client_id, "v" * 43).asked("user/*.rs")),
        "POST app_authorise": PageAsking(form={"answer": "allow"}, query=App(records.client_id, "v" * 43).asked("user/*.rs")),
        "POST app_end": PageAsking({"access_id": str(records.app_access)}),
        "POST told_remove": PageAsking({"channel_id": str(records.channel)}),
        "POST preferences": PageAsking(form={"type": "large"}),
        "POST people_act": PageAsking(alert),
        "GET log_kind": PageAsking(bp),
        "POST log_kind": PageAsking(bp, {"high": "128", "low": "82"}),
        "POST heard": PageAsking(ana, {"said": "blood pressure 128 over 82"}),
        "POST log_undo": PageAsking(ana, {"undo": undo_token(world.ana, [records.seq])}),
        "GET act": PageAsking(bp),
        "POST act": PageAsking(bp, {"symptom_chest_pain": "yes"}),
        "POST medicines": PageAsking(ana, {"name": "Metformin", "dose": "500 mg", "times": "20:00"}),
        "POST medication_stop": PageAsking(drug),
        "POST medication_said": PageAsking(drug, {"said": "taken", "day": today, "at": "08:00"}),
        "GET trend": PageAsking(ana | {"kind": "bp"}),
        "GET trend_part": PageAsking(ana | {"kind": "bp"}),
        "GET trend_data": PageAsking(ana | {"kind": "bp"}),
    }


def _affairs(world: World, records: Records) -> dict[str, PageAsking]:
    ana = {"patient_id": str(world.ana.id)}
    gift = {"email": world.users["caregiver_withdrawn"].email, "everything": "yes", "notify": "yes"}
    return {
        "POST sharing": PageAsking(ana, gift),
        "POST sharing_end": PageAsking(ana | {"entry_id": str(world.entries["cleo"].id)}),
        "POST sharing_again": PageAsking(ana | {"entry_id": str(world.entries["dmitri"].id)}),
        "POST devices": PageAsking(ana, {"name": "Scales", "kinds": "weight"}),
        "POST device_revoke": PageAsking(ana | {"token_id": str(world.token_ids["token_read"])}),
        "GET connection_make": PageAsking(ana | {"vendor": "withings"}),
        "POST connection_end": PageAsking(ana | {"connection_id": str(world.ana.id)}),
        "GET connection_back": PageAsking({"vendor": "withings"}),
        "GET my_import_refused": PageAsking(ana | {"import_id": str(records.sent)}),
        "GET my_import_mapping": PageAsking(ana | {"import_id": str(records.table)}),
        "POST my_import_mapping": PageAsking(ana | {"import_id": str(records.table)}, {"unit-0": "kg"}),
        "POST my_import_discard": PageAsking(ana | {"import_id": str(records.table)}),
        "POST erase": PageAsking(ana, {"typed": world.ana.name}),
    }


def copy_asked(world: World) -> PageAsking:
    """This function will have Ana ask for a copy, and give the request for its file."""
    made = exports.ask(patient_id=world.ana.id, by=world.viewer("patient_self"), now=world.now)
    return PageAsking({"patient_id": str(world.ana.id), "export_id": str(made.id)})


def _clinical(world: World, records: Records) -> dict[str, PageAsking]:
    ana = {"patient_id": str(world.ana.id)}
    clock = f"{timezone.localtime(world.now - timedelta(hours=2), ZoneInfo('Asia/Shanghai')):%Y-%m-%dT%H:%M}"
    limit = {"rule": "BP-05", "act": "save", "off": "yes", "reason": "measured in pain"}
    return {
        "POST work_bulk": PageAsking(form={"patient": ana["patient_id"], "act": "review"}),
        "POST work_mark": PageAsking(ana, {"act": "review"}),
        "POST work_views": PageAsking(form={"name": "Lungs", "query": "condition=copd"}),
        "POST work_view": PageAsking({"view_id": str(records.view)}, {"name": "All lungs"}),
        "POST alert_act": PageAsking({"alert_id": str(records.open_alert), "step": "take"}),
        "GET chart_what_if": PageAsking(ana | {"model": said.KEY}),
        "POST chart_what_if": PageAsking(ana | {"model": said.KEY}, {"to-systolic": "130"}),
        "POST chart_again": PageAsking(ana),
        "POST chart_opinion": PageAsking(ana | {"assessment_id": str(records.assessment)}, {"agrees": "yes", "reason": "so it looks"}),
        "POST chart_contacts": PageAsking(ana, {"kind": "visit", "at": clock, "text": "seen at home"}),
        "GET chart_contact": PageAsking(ana | {"contact_id": str(records.contact)}),
        "POST limits_edit": PageAsking(ana, limit | limits_typed()),
        "POST limit_back": PageAsking(ana | {"limit_id": str(records.limit)}),
        "POST chart_glass": PageAsking(ana, {"reason": "found unconscious in the lobby", "hours": "2"}),
    }


def limits_typed() -> dict[str, str]:
    """This function will give BP-05's boxes as they stand in the pack."""
    return {"limit-sbp": "135", "limit-dbp": "85"}


def _house(records: Records) -> dict[str, PageAsking]:
    return {
        "GET burden_suggestion": PageAsking(query={"rule": "BP-05"}),
        "GET model": PageAsking({"key": RELEASED}),
        "POST model_decide": PageAsking({"version_id": str(records.version), "decision": "approve"}, {"reason": "better on our patients"}),
        "POST operations_try_again": PageAsking({"notice_id": str(records.notice)}),
    }
