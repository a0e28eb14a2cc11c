"""FHIR R4: her consents, the log of who read what, the notices that speak of her, and where a reading came from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import get_language

from healthhub.api import fhir_search, readings
from healthhub.api.auth import Asked
from healthhub.api.fhir_answers import FHIRView, answer, searchset
from healthhub.api.fhir_findings import Found, One, Search
from healthhub.audit import log
from healthhub.audit.models import Entry
from healthhub.audit.words import words_for
from healthhub.dialects import fhir_affairs
from healthhub.dialects.fhir_in import UNNAMED
from healthhub.lib.data_classes import parts
from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people import access, consent
from healthhub.people.access import Viewer
from healthhub.people.models import ConsentEntry
from healthhub.records import found, timeline
from healthhub.records.models import Method
from healthhub.records.stretch import Stretch, rows_of
from notifications.models import Notice


def _language() -> str:
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"


class Consents(Search):
    """GET /fhir/R4/Consent."""

    kind, action = "Consent", "consent"
    does: ClassVar = {"GET": "consent"}

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """What she granted, by when it was entered."""
        log.record(by=viewer, did="consent.read", patient_id=UUID(patient_id), now=now)
        rows = consent.entries().filter(patient_id=patient_id, withdraws=None).select_related("withdrawn_by")
        grants = rows_of(rows, "entered_at", wanted)
        names = consent.grantee_names(grants)
        return [(one.entered_at, one.id.int, _consent(one, names, now)) for one in grants]


class OneConsent(One):
    """GET /fhir/R4/Consent/{id}."""

    does: ClassVar = {"GET": "consent"}

    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """One grant."""
        rows = consent.entries().filter(withdraws=None).select_related("withdrawn_by")
        entry = access.row_for(viewer, rows, id_, action="consent", now=now)
        log.record(by=viewer, did="consent.read", patient_id=entry.patient_id, now=now)
        return _consent(entry, consent.grantee_names([entry]), now)


def _consent(entry: ConsentEntry, names: dict[UUID, str], now: datetime) -> dict[str, Any]:
    ended: ConsentEntry | None = getattr(entry, "withdrawn_by", None)
    return fhir_affairs.consent(
        vars(entry),
        grantee=names.get(entry.grantee_id, entry.grantee_kind),
        given_by=entry.given_by.name,
        withdrawn_at=ended.entered_at if ended else None,
        now=now,
    )


class AuditEvents(Search):
    """GET /fhir/R4/AuditEvent."""

    kind, action = "AuditEvent", "audit"
    does: ClassVar = {"GET": "audit"}

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """Who did or read what of her, by when."""
        if wanted.behind is not None and isinstance(wanted.behind[1], UUID):
            wanted = replace(wanted, behind=(wanted.behind[0], min(wanted.behind[1].int, 2**62)))
        rows = rows_of(Entry.objects.filter(patient_id=patient_id), "at", wanted)
        names = access.names_of(row.actor_id for row in rows)
        log.record(by=viewer, did="access_log.read", patient_id=UUID(patient_id), now=now)
        return [(row.at, row.id, _event(row, names)) for row in rows]


def _event(row: Entry, names: dict[UUID, str]) -> dict[str, Any]:
    name = None if row.actor_kind == "system" else names.get(row.actor_id, "–") if row.actor_id else "–"
    if name and (app := row.detail.get("app")):
        name = f"{name} ({app})"
    return fhir_affairs.audit_event(vars(row), name=name, words=words_for(row.did)[_language()])


class Communications(Search):
    """GET /fhir/R4/Communication."""

    kind, moment = "Communication", "sent"
    for_apps = ("Communication",)

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """The notices that speak of her and of what is open to the viewer, by when they were written."""
        patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
        log.record(by=viewer, did="notice.list", patient_id=patient, now=now)
        notices = Notice.objects.filter(patient_id=patient)
        told = notices.order_by().values_list("data_class", flat=True).distinct()
        open_ = [one for one in told if not one or parts(one) <= classes]
        rows = rows_of(notices.filter(data_class__in=open_).select_related("person"), "created_at", wanted)
        return [(row.created_at, row.id.int, _notice(row, viewer)) for row in rows]


class OneCommunication(One):
    """GET /fhir/R4/Communication/{id}."""

    for_apps = ("Communication",)

    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """One notice."""
        rows = Notice.objects.filter(patient_id__in=access.seen_by(viewer, now=now)).select_related("person")
        row = rows.filter(id=access.parsed_id(id_)).first()
        if row is None or row.patient_id is None:
            raise NotVisible
        _, classes = access.classes_open(viewer, row.patient_id, action="read", now=now)
        if row.data_class and not parts(row.data_class) <= classes:
            raise NotVisible
        log.record(by=viewer, did="notice.list", patient_id=row.patient_id, about=f"notice:{row.id}", now=now)
        return _notice(row, viewer)


def _notice(row: Notice, viewer: Viewer) -> dict[str, Any]:
    """What it said stands there for whom it was said to: to others the same may be said in other words."""
    text = row.texts.get(_language(), {}).get("body") if row.person_id == viewer.user_id else None
    return fhir_affairs.communication(vars(row), to=row.person.name, text=text)


class Provenances(FHIRView):
    """GET /fhir/R4/Provenance."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Provenance",)

    def get(self, request: Asked) -> HttpResponse:
        """Where one reading came from, and how it was corrected or removed: `target` is its Observation."""
        fhir_search.check_names(request.GET, ("target",))
        target = str(request.GET.get("target", "")).removeprefix("Observation/")
        if not target:
            raise Invalid("Say which Observation you mean.", code="missing_field", field="target")
        shown = _origins(request.viewer, target, timezone.now())
        return answer(searchset(request, shown, links={"self": request.build_absolute_uri()}))


class OneProvenance(FHIRView):
    """GET /fhir/R4/Provenance/{patient}-{seq} and {patient}-{seq}.{n}."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Provenance",)

    def get(self, request: Asked, patient_id: str, number: str) -> HttpResponse:
        """One of them: without `n` where it came from, with it a correction."""
        fhir_search.check_names(request.GET, ())
        origins = _origins(request.viewer, f"{patient_id}-{number.partition('.')[0]}", timezone.now())
        one = next((one for one in origins if one["id"] == f"{patient_id}-{number}"), None)
        if one is None:
            raise NotVisible
        return answer(one, headers={"ETag": 'W/"1"'})


def _origins(viewer: Viewer, reading: str, now: datetime) -> list[dict[str, Any]]:
    patient_id, _, number = reading.rpartition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19) or str(int(number)) != number:
        raise NotVisible
    patient, row = readings.visible_row(viewer, patient_id, seq=int(number), action="read", now=now)
    log.record(by=viewer, did="observation.read", patient_id=patient.id, about=f"observation:{row['seq']}", now=now)
    devices = found.sources(patient_id=patient.id, kinds=[row["kind"]])
    by_hand = row["method"] == Method.SELF_REPORTED
    device = devices.get(row["source"]) if not by_hand and row["source"] != UNNAMED else None
    first = fhir_affairs.provenance(
        id_=reading,
        patient_id=patient.id,
        seq=row["seq"],
        recorded=row["received_at"],
        who=row["source"],
        self_reported=by_hand,
        device=f"{patient.id}-{device}" if device else None,
    )
    changes = timeline.amendments(patient_id=patient.id, seq=row["seq"])
    names = access.names_of(change["by_id"] for change in changes)
    later = [
        fhir_affairs.amended(id_=f"{reading}.{n}", patient_id=patient.id, change=change, who=names.get(change["by_id"], "HealthHub"))
        for n, change in enumerate(changes, start=1)
    ]
    return [*reversed(later), first]
