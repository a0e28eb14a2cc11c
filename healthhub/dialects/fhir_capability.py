"""What the FHIR endpoint says of itself: the CapabilityStatement and the OperationOutcome. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

OWN_CODES = "urn:healthhub:code"
OPERATIONS = "http://hl7.org/fhir/OperationDefinition/"
BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
EXPORT = "Asynchronous NDJSON of all that the asking person or token may read; _type, _since, _outputFormat."
# Our refusals in FHIR's words; any other is told by its status.
ISSUE: Mapping[str, str] = {
    "missing_field": "required",
    "not_supported": "not-supported",
    "sign_in_first": "login",
    "bad_token": "login",
    "not_found": "not-found",
    "not_allowed": "forbidden",
    "outside_consent": "forbidden",
    "csrf_failed": "forbidden",
    "too_large": "too-long",
    "too_many": "too-costly",
    "ambiguous": "multiple-matches",
    "method_not_allowed": "not-supported",
    "unsupported_media_type": "not-supported",
    "not_acceptable": "not-supported",
    "not_json": "structure",
    "unknown_kind": "code-invalid",
    "unknown_code": "code-invalid",
    "unknown_unit": "code-invalid",
    "impossible_value": "business-rule",
}
BY_STATUS: Mapping[int, str] = {401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 422: "processing"}
SEARCH = (
    ("patient", "reference", "Whose; a person must say so, a device token has its one patient."),
    ("code", "token", "LOINC or our own kind, several with commas (or)."),
    ("category", "token", "Several with commas (or)."),
    ("date", "date", "eq, gt, ge, lt, le, sa, eb, judged by when the reading began; twice for a span; without a zone the patient's own."),
    ("_lastUpdated", "date", "When it came in; same prefixes. What was corrected or removed is no longer found; read it by its id."),
)


def issue(*, code: str, sentence: str, field: str | None = None, severity: str = "error", status: int = 400) -> dict[str, Any]:
    """This function will write one issue: `code` is ours, FHIR's own follows from it or from the HTTP status."""
    return {
        "severity": severity,
        "code": "informational" if severity == "information" else ISSUE.get(code) or BY_STATUS.get(status, "invalid"),
        "details": {"coding": [{"system": OWN_CODES, "code": code}], "text": sentence},
        **({"expression": [field]} if field else {}),
    }


def outcome(issues: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """This function will write an OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def capability(*, url: str, at: datetime, authorise: str, token: str, websocket: str) -> dict[str, Any]:
    """This function will write the CapabilityStatement of the endpoint at `url`: what is honoured, and nothing else.

    `authorise` and `token` are the addresses of SMART on FHIR, `websocket` that of subscriptions.
    """
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": at.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": "HealthHub"},
        "implementation": {"description": "HealthHub, readings between visits", "url": url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket", "valueUri": websocket}],
                "mode": "server",
                "documentation": "Search parameters that are not named here are refused.",
                "security": _security(authorise, token),
                "resource": [
                    _observation(),
                    _patient(),
                    {"type": "Device", "interaction": [{"code": "read"}]},
                    *_findings(),
                    *_affairs(),
                    _questionnaires(),
                    _subscription(),
                ],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "operation": [{"name": "export", "definition": f"{BULK}export", "documentation": EXPORT}],
            }
        ],
    }


def _security(authorise: str, token: str) -> dict[str, Any]:
    uris = [{"url": name, "valueUri": uri} for name, uri in (("authorize", authorise), ("token", token))]
    return {
        "extension": [{"url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris", "extension": uris}],
        "cors": False,
        "service": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"}]}],
        "description": "Authorization: Bearer with a device token of one patient or an app's key (SMART on FHIR), or a session.",
    }


def _observation() -> dict[str, Any]:
    return {
        "type": "Observation",
        "documentation": (
            "Sorting by date, -date, _lastUpdated, -_lastUpdated; _count up to 1000; paging by the next link. "
            "A bundle may hold creates of Observations only; a transaction those of one patient."
        ),
        "interaction": [{"code": "read"}, {"code": "create"}, {"code": "search-type"}],
        "versioning": "versioned",
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "searchInclude": ["Observation:patient"],
        "searchParam": [{"name": name, "type": type_, "documentation": words} for name, type_, words in SEARCH],
        "operation": [
            {
                "name": "lastn",
                "definition": f"{OPERATIONS}Observation-lastn",
                "documentation": "patient, code, category, max up to 100 (1 unless told).",
            }
        ],
    }


def _questionnaires() -> dict[str, Any]:
    return {
        "type": "QuestionnaireResponse",
        "documentation": "Questionnaires of which a score is kept; a sent one is kept whole or not at all. Sorting by authored, -authored.",
        "interaction": [{"code": "read"}, {"code": "create"}, {"code": "search-type"}],
        "searchInclude": ["QuestionnaireResponse:patient"],
        "searchParam": [
            {"name": "patient", "type": "reference", "documentation": "Whose; it must be said by people."},
            {"name": "authored", "type": "date"},
            {"name": "questionnaire", "type": "reference"},
        ],
    }


def _subscription() -> dict[str, Any]:
    words = (
        "Criteria: Observation with patient, code, category; Flag with patient. Channels: rest-hook (POST, or PUT of each resource with "
        "payload application/fhir+json) and websocket (bind, bound, ping). One's own are found and read; not changed, but ended (DELETE)."
    )
    codes = ("create", "read", "delete", "search-type")
    return {"type": "Subscription", "documentation": words, "interaction": [{"code": code} for code in codes]}


def _patient() -> dict[str, Any]:
    return {
        "type": "Patient",
        "documentation": "A device token gets the id alone (SUBSETTED).",
        "interaction": [{"code": "read"}],
        "operation": [
            {
                "name": "everything",
                "definition": f"{OPERATIONS}Patient-everything",
                "documentation": "The Patient, her Devices and Observations; _since, _count up to 1000, paging by the next link.",
            },
            {"name": "export", "definition": f"{BULK}patient-export", "documentation": f"{EXPORT} Of one patient: Patient/[id]/$export."},
        ],
    }


def _findings() -> list[dict[str, Any]]:
    """Alerts and assessments: for people, not for device tokens."""
    words = "{} For people, not for device tokens. Sorting by {}, -{}; _count up to 1000; paging by the next link."
    told = (
        ("Flag", "date", "An alert; the same as DetectedIssue of this id."),
        ("DetectedIssue", "identified", "An alert with the readings it rests on and what people did."),
        ("CarePlan", "date", "What is done for one condition: when to measure, medicines, tasks, advice; completed once it ended."),
        ("Goal", "start-date", "What a care plan aims at, one for each kind of reading."),
        ("RiskAssessment", "date", "What a model said, or that it abstained (cancelled, with data-absent-reason)."),
    )
    patient = {"name": "patient", "type": "reference", "documentation": "Whose; it must be said."}
    method = {"name": "method", "type": "token", "documentation": "The model."}
    return [
        {
            "type": type_,
            "documentation": words.format(what, moment, moment),
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "versioning": "versioned",
            "conditionalRead": "not-match",
            "searchInclude": [f"{type_}:patient"],
            "searchParam": [patient, {"name": moment, "type": "date"}, *([method] if type_ == "RiskAssessment" else [])],
        }
        for type_, moment, what in told
    ]


def _affairs() -> list[dict[str, Any]]:
    """Her affairs, for people; where a reading came from, for device tokens too."""
    paging = "For people, not for device tokens. Sorting by {0}, -{0}; _count up to 1000; paging by the next link."
    told = (
        ("Consent", "date", "What she granted to whom; inactive once withdrawn. For herself alone."),
        ("AuditEvent", "date", "Who did or read what of her. For herself alone; not read one by one."),
        ("Communication", "sent", "A notice that speaks of her; its text for whom it was written."),
    )
    patient = {"name": "patient", "type": "reference", "documentation": "Whose; it must be said."}
    found: list[dict[str, Any]] = [
        {
            "type": type_,
            "documentation": f"{what} {paging.format(moment)}",
            "interaction": [{"code": code} for code in (("search-type",) if type_ == "AuditEvent" else ("read", "search-type"))],
            "searchInclude": [f"{type_}:patient"],
            "searchParam": [patient, {"name": moment, "type": "date"}],
        }
        for type_, moment, what in told
    ]
    target = {"name": "target", "type": "reference", "documentation": "The Observation; it must be said."}
    words = "Where a reading came from, and each correction or removal with its reason."
    return [
        *found,
        {
            "type": "Provenance",
            "documentation": words,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "searchParam": [target],
        },
    ]
