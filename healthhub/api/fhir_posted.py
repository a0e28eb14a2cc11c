"""FHIR R4: searches sent by POST, whose parameters shall stand in no log of addresses: the same searches, the same answers."""

from typing import ClassVar

from django.http import HttpResponse, QueryDict

from healthhub.api import fhir, fhir_affairs, fhir_findings, fhir_plans, fhir_questionnaires
from healthhub.api.auth import Asked, DeniedByDefault
from healthhub.api.fhir_answers import FHIRView, WrongType, within_scope
from healthhub.lib.refused import NotAllowed, NotVisible

FORM = "application/x-www-form-urlencoded"
SEARCHES: dict[str, type[FHIRView]] = {
    "Observation": fhir.Observations,
    "Flag": fhir_findings.Flags,
    "DetectedIssue": fhir_findings.DetectedIssues,
    "RiskAssessment": fhir_findings.RiskAssessments,
    "Consent": fhir_affairs.Consents,
    "AuditEvent": fhir_affairs.AuditEvents,
    "Communication": fhir_affairs.Communications,
    "QuestionnaireResponse": fhir_questionnaires.QuestionnaireResponses,
    "CarePlan": fhir_plans.CarePlans,
    "Goal": fhir_plans.Goals,
    "Provenance": fhir_affairs.Provenances,
}


class Search(FHIRView):
    """POST /fhir/R4/<type>/_search."""

    does: ClassVar = {"POST": "read"}
    permission_classes = (DeniedByDefault,)  # how far an app reaches is asked for the search that is meant

    def post(self, request: Asked, type_: str) -> HttpResponse:
        """Search as by GET: parameters in the address and in the form count alike; the next link is asked for by GET."""
        raw, view = request._request, SEARCHES.get(type_)
        if view is None:
            raise NotVisible
        if request.viewer.kind not in view.viewer_kinds:
            raise NotAllowed
        request.viewer = within_scope(request.viewer, view)
        if raw.content_type != FORM:
            raise WrongType("Send the parameters as a form (application/x-www-form-urlencoded).")
        asked = QueryDict(mutable=True)
        for given in (raw.GET, raw.POST):
            for name, values in given.lists():
                asked.setlistdefault(name).extend(values)
        raw.META["QUERY_STRING"] = asked.urlencode()
        raw.GET = QueryDict(raw.META["QUERY_STRING"])
        raw.path = raw.path.removesuffix("/_search")
        answered: HttpResponse = view().get(request)  # type: ignore[attr-defined]  # every search has it
        return answered
