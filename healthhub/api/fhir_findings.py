"""FHIR R4: alerts as Flag and DetectedIssue, assessments of risk as RiskAssessment; read and searched for, for people only."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import get_language

from healthhub.api import fhir_search
from healthhub.api.auth import Asked
from healthhub.api.fhir_answers import FHIRView, answer, patient_shown, searchset
from healthhub.dialects import fhir_findings
from healthhub.lib.refused import Invalid
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records.stretch import Stretch
from monitoring import alert_search, alerts
from monitoring.models import Alert
from risk import standings
from risk.models import Assessment

Found = tuple[datetime, int, dict[str, Any]]  # moment and number for the next link, and the resource


class Search(FHIRView):
    """GET /fhir/R4/<type>: one patient's, a page at a time."""

    viewer_kinds = frozenset({"user", "app"})
    does: ClassVar = {"GET": "read"}
    kind: ClassVar[str]
    moment: ClassVar[str] = "date"
    action: ClassVar[str] = "read"
    further: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """This function will give what lies in the stretch."""

    def get(self, request: Asked) -> HttpResponse:
        """Search one patient's; every parameter is honoured or refused."""
        query, now = request.GET, timezone.now()
        fhir_search.check_names(query, ("patient", self.moment, "_count", "_sort", "_include", "_page", *self.further))
        include = f"{self.kind}:patient"
        if query.get("_include", include) != include:
            raise Invalid("This cannot be included.", code="not_supported", field="_include")
        patient = access.patient_for(request.viewer, fhir_search.patient_in(query, request.viewer), action=self.action, now=now)
        wanted = fhir_search.stretch_in(query, self.moment, zone=ZoneInfo(patient.time_zone))
        rows = self.found(request.viewer, str(patient.id), wanted, now, query)
        links = {"self": request.build_absolute_uri()}
        if len(rows) == wanted.limit:
            rows = rows[:-1]
            further = QueryDict(request.META["QUERY_STRING"], mutable=True)
            further["_page"] = fhir_search.cursor_out(*rows[-1][:2])
            links["next"] = request.build_absolute_uri(f"{request.path}?{further.urlencode()}")
        included = [patient_shown(patient, request.viewer)] if "_include" in query else []
        return answer(searchset(request, [one for _, _, one in rows], links=links, included=included))


class Flags(Search):
    """GET /fhir/R4/Flag."""

    kind = "Flag"
    for_apps = ("Flag",)

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """Her alerts, by when they were opened."""
        rows = alert_search.search(viewer=viewer, patient_id=patient_id, wanted=wanted, now=now)
        clinical = access.may(viewer, access.parsed_id(patient_id), action="clinical", now=now)
        return [(row.opened_at, row.id.int, self.written(row, clinical=clinical)) for row in rows]

    def written(self, alert: Alert, *, clinical: bool) -> dict[str, Any]:
        """This function will write one alert."""
        return fhir_findings.flag(vars(alert), text=_text(alert, clinical=clinical))


class DetectedIssues(Flags):
    """GET /fhir/R4/DetectedIssue."""

    kind, moment = "DetectedIssue", "identified"
    for_apps = ("DetectedIssue",)

    def written(self, alert: Alert, *, clinical: bool) -> dict[str, Any]:
        """This function will write one alert with its evidence and what people did."""
        steps = [{"at": one.at, "did": one.did, "by": one.by.name} for one in alert.ordered_steps if one.by is not None]
        return fhir_findings.detected_issue(vars(alert), text=_text(alert, clinical=clinical), steps=steps)


class RiskAssessments(Search):
    """GET /fhir/R4/RiskAssessment."""

    kind = "RiskAssessment"
    for_apps = ("RiskAssessment",)
    further = ("method",)

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """What models said of her, by what was known when."""
        model = query.get("method")
        if model is not None:
            system, bar, model = model.rpartition("|")
            if bar and system != fhir_findings.MODELS:
                return []
        rows = standings.search(viewer=viewer, patient_id=patient_id, wanted=wanted, model=model, now=now)
        return [(row.as_of, row.id.int, _assessed(row, full)) for row, full in rows]


class One(FHIRView):
    """GET /fhir/R4/<type>/{id}."""

    viewer_kinds = frozenset({"user", "app"})
    does: ClassVar = {"GET": "read"}

    @abstractmethod
    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """This function will give the resource, or raise that there is none."""

    def get(self, request: Asked, resource_id: str) -> HttpResponse:
        """One of them, with its version as ETag; 304 to whoever has that version."""
        fhir_search.check_names(request.GET, ())
        resource = self.one(request.viewer, resource_id, timezone.now())
        etag = f'W/"{resource["meta"]["versionId"]}"'
        if request.headers.get("If-None-Match") == etag:
            return answer(None, status=304, headers={"ETag": etag})
        return answer(resource, headers={"ETag": etag})


class OneFlag(One):
    """GET /fhir/R4/Flag/{id}."""

    writes: ClassVar[type[Flags]] = Flags
    for_apps = ("Flag",)

    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """One alert."""
        alert = alerts.read(alert_id=id_, viewer=viewer, now=now)
        clinical = access.may(viewer, alert.patient_id, action="clinical", now=now)
        return self.writes().written(alert, clinical=clinical)


class OneDetectedIssue(OneFlag):
    """GET /fhir/R4/DetectedIssue/{id}."""

    writes = DetectedIssues
    for_apps = ("DetectedIssue",)


class OneRiskAssessment(One):
    """GET /fhir/R4/RiskAssessment/{id}."""

    for_apps = ("RiskAssessment",)

    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """One assessment."""
        return _assessed(*standings.read(viewer=viewer, assessment_id=id_, now=now))


def _language() -> str:
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"


def _text(alert: Alert, *, clinical: bool) -> str:
    """What it says to a clinician, or to the patient and who cares for her."""
    text: str = alert.evidence["texts"]["clinician" if clinical else "patient"][_language()]
    return text


def _assessed(row: Assessment, full: dict[str, Any]) -> dict[str, Any]:
    language = _language()
    name = row.version.about["name"][language]
    return fhir_findings.risk_assessment(full, patient_id=row.patient_id, made_at=row.made_at, name=name, language=language)
