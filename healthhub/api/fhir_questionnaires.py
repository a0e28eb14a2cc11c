"""FHIR R4 QuestionnaireResponse at /fhir/R4/: scores that are kept as readings, searched for, read and sent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.utils import timezone

from healthhub.api import fhir_search, readings
from healthhub.api.auth import Asked
from healthhub.api.fhir_answers import FHIRView, Unprocessable, answer, base_of, body_in
from healthhub.api.fhir_findings import Found, Search
from healthhub.audit import log
from healthhub.dialects import fhir_questionnaire
from healthhub.dialects.fhir_questionnaire import QUESTIONNAIRES
from healthhub.lib.refused import NotAllowed, NotVisible
from healthhub.people.access import Viewer
from healthhub.records import found
from healthhub.records.catalogue import BY_KEY, BY_NUMBER, KINDS
from healthhub.records.models import Method, State
from healthhub.records.stretch import Stretch
from monitoring import intake

SCORES = {BY_KEY[key].number for key in QUESTIONNAIRES}
Row = Mapping[str, Any]


class QuestionnaireResponses(Search):
    """GET and POST /fhir/R4/QuestionnaireResponse."""

    kind, moment = "QuestionnaireResponse", "authored"
    viewer_kinds = frozenset({"user", "token", "app"})
    for_apps = ("QuestionnaireResponse",)
    does: ClassVar = {"GET": "read", "POST": "write"}
    further = ("questionnaire",)

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """Her questionnaires by when they were filled in."""
        opened = readings.open_for(viewer, patient_id, kinds=None, now=now)
        kinds = [number for number in opened.numbers if number in SCORES and _named(number, query.get("questionnaire"))]
        behind = wanted.behind and (wanted.behind[0], wanted.behind[1].int if isinstance(wanted.behind[1], UUID) else wanted.behind[1])
        asked = found.Wanted(kinds, wanted.since, wanted.until, order="-date" if wanted.newest_first else "date", behind=behind)
        rows = found.search(patient_id=opened.patient.id, wanted=asked, limit=wanted.limit)
        return [(row["at"], row["seq"], one) for row, one in zip(rows, _shown(opened.patient.id, rows, opened.numbers), strict=True)]

    def post(self, request: Asked) -> HttpResponse:
        """Take one in: its score becomes a reading; all of it is kept or nothing."""
        fhir_search.check_names(request.GET, ())
        patient, sent = fhir_questionnaire.read(body_in(request._request), KINDS)
        receipt = intake.receive(patient_id=patient, readings=sent, by=request.viewer, now=timezone.now())
        for fate in receipt.fates:
            if fate["fate"] == "outside_consent":
                raise NotAllowed("This kind is outside the consent or the token's scope.", code="outside_consent", field="item")
            if fate["fate"] == "rejected":
                raise Unprocessable(fate["sentence"], code=fate["code"], field="QuestionnaireResponse.item")
        score = receipt.fates[0]
        said = {"Location": f"{base_of(request)}/QuestionnaireResponse/{patient}-{score['seq']}/_history/1", "ETag": 'W/"1"'}
        return answer(None, status=200 if score["fate"] == "duplicate" else 201, headers=said | {"X-HealthHub-Fate": score["fate"]})


class OneQuestionnaireResponse(FHIRView):
    """GET /fhir/R4/QuestionnaireResponse/{patient}-{seq}."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("QuestionnaireResponse",)

    def get(self, request: Asked, patient_id: str, seq: str) -> HttpResponse:
        """One of them that counts."""
        fhir_search.check_names(request.GET, ())
        now = timezone.now()
        patient, row = readings.visible_row(request.viewer, patient_id, seq=fhir_search.number_in(seq), action="read", now=now)
        if row["kind"] not in SCORES or row["state"] != State.CURRENT:
            raise NotVisible
        log.record(by=request.viewer, did="observation.read", patient_id=patient.id, about=f"observation:{row['seq']}", now=now)
        parts = [BY_KEY[part].number for part in QUESTIONNAIRES[BY_NUMBER[row["kind"]].key] if request.viewer.covers(part)]
        return answer(_shown(patient.id, [row], parts)[0], headers={"ETag": 'W/"1"'})


def _named(number: int, asked: str | None) -> bool:
    return asked is None or asked == f"{fhir_questionnaire.OWN}:{BY_NUMBER[number].key}"


def _shown(patient_id: UUID, rows: Sequence[Row], numbers: Iterable[int]) -> list[dict[str, Any]]:
    """With what was measured beside each score at the same moment, of the kinds that may be seen."""
    kept = {BY_KEY[part].number for row in rows for part in QUESTIONNAIRES[BY_NUMBER[row["kind"]].key]} & {*numbers}
    beside: dict[tuple[datetime, int], Row] = {}
    if kept:
        first, last = min(row["at"] for row in rows), max(row["at"] for row in rows)
        wanted = found.Wanted(sorted(kept), first, last + timedelta(microseconds=1))
        beside = {(one["at"], one["kind"]): one for one in found.search(patient_id=patient_id, wanted=wanted, limit=10 * len(rows))}
    return [_written(patient_id, row, beside) for row in rows]


def _written(patient_id: UUID, row: Row, beside: Mapping[tuple[datetime, int], Row]) -> dict[str, Any]:
    kind = BY_NUMBER[row["kind"]]
    parts = [BY_KEY[part] for part in QUESTIONNAIRES[kind.key]]
    held = [(part, beside[row["at"], part.number]["value"]) for part in parts if (row["at"], part.number) in beside]
    return fhir_questionnaire.response(
        patient_id=patient_id,
        seq=row["seq"],
        at=row["at"],
        utc_offset=row["utc_offset"],
        held=[(kind, row["value"]), *held],
        self_reported=row["method"] == Method.SELF_REPORTED,
    )
