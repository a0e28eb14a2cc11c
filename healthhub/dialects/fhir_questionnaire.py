"""FHIR R4 QuestionnaireResponse: filled-in questionnaires of which a score is kept, out and in. Pure.

One is a score and, for PHQ-9, the answer to its ninth item where it was given. The link of an item is the LOINC code of what it holds
(our own word where there is none). Answers to single questions are not kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from healthhub.dialects.fhir_in import moment_of
from healthhub.dialects.fhir_out import Coded, local
from healthhub.lib.refused import Invalid

OWN = "urn:healthhub:questionnaire"
# Our kind of the score -> kinds of single items that are kept beside it.
QUESTIONNAIRES: Mapping[str, tuple[str, ...]] = {
    "phq2": (),
    "phq9": ("phq9_item9",),
    "gad7": (),
    "audit_c": (),
    "cat": (),
    "mmrc": (),
    "nyha": (),
    "kccq12": (),
}
KNOWN = {"resourceType", "id", "meta", "questionnaire", "status", "subject", "authored", "author", "source", "item", "text", "language"}
UNNAMED = "fhir"


def link_of(kind: Coded) -> str:
    """This function will give the link of the item that holds this kind."""
    return kind.loinc or kind.key


def response(
    *, patient_id: UUID, seq: int, at: datetime, utc_offset: int, held: Sequence[tuple[Coded, float]], self_reported: bool
) -> dict[str, Any]:
    """This function will write one: `held` is the score and what is kept beside it, each with its kind."""
    score = held[0][0]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"{patient_id}-{seq}",
        "meta": {"versionId": "1"},
        "questionnaire": f"{OWN}:{score.key}",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient_id}"},
        "authored": local(at, utc_offset).isoformat(),
        **({"source": {"reference": f"Patient/{patient_id}"}} if self_reported else {}),
        "item": [{"linkId": link_of(kind), "text": kind.name["en"], "answer": [_answer(value)]} for kind, value in held],
    }


def _answer(value: float) -> dict[str, Any]:
    return {"valueInteger": int(value)} if value == int(value) else {"valueDecimal": value}


def read(resource: Any, kinds: Iterable[Coded]) -> tuple[str, list[dict[str, Any]]]:
    """This function will give whose it is and its readings, the score first. Raises Invalid with the element's path."""
    if not isinstance(resource, Mapping) or resource.get("resourceType") != "QuestionnaireResponse":
        raise Invalid("Send a QuestionnaireResponse.", code="not_supported", field="resourceType")
    if unknown := sorted(resource.keys() - KNOWN):
        raise Invalid("This element is not taken here.", code="not_supported", field=f"QuestionnaireResponse.{unknown[0][:60]}")
    if resource.get("status") not in ("completed", "amended"):
        raise Invalid("Only completed questionnaires are taken.", code="not_supported", field="QuestionnaireResponse.status")
    subject = _reference(resource.get("subject"))
    at = moment_of(resource.get("authored"), "QuestionnaireResponse.authored")
    known = {key: kind for kind in kinds for key in (kind.key, kind.loinc) if key and kind.key in _kept()}
    found = _items(resource.get("item"), known)
    scores = [key for key in found if key in QUESTIONNAIRES]
    if len(scores) != 1 or not {*found} <= {scores[0], *QUESTIONNAIRES[scores[0]]}:
        raise Invalid("Send the score of one questionnaire.", code="missing_field", field="QuestionnaireResponse.item")
    questionnaire = resource.get("questionnaire")
    if isinstance(questionnaire, str) and questionnaire.startswith(f"{OWN}:") and questionnaire != f"{OWN}:{scores[0]}":
        raise Invalid("These items are of another questionnaire.", code="ambiguous", field="QuestionnaireResponse.questionnaire")
    method = "self_reported" if resource.get("source") == {"reference": f"Patient/{subject}"} else "device"
    frame = {"at": at.isoformat(), "unit": "{score}", "source": UNNAMED, "method": method}
    return subject, [frame | {"kind": key, "value": found[key]} for key in sorted(found, key=lambda key: key != scores[0])]


def _kept() -> set[str]:
    return {*QUESTIONNAIRES, *(part for parts in QUESTIONNAIRES.values() for part in parts)}


def _reference(subject: Any) -> str:
    text = subject.get("reference") if isinstance(subject, Mapping) else None
    if not isinstance(text, str) or not text.startswith("Patient/"):
        raise Invalid("The subject must be Patient/ and an id.", code="bad_reference", field="QuestionnaireResponse.subject.reference")
    return text.removeprefix("Patient/")


def _items(items: Any, known: Mapping[str, Coded]) -> dict[str, float]:
    if not isinstance(items, list) or not items or len(items) > 50:
        raise Invalid("An element is missing.", code="missing_field", field="QuestionnaireResponse.item")
    found: dict[str, float] = {}
    for index, item in enumerate(items):
        where = f"QuestionnaireResponse.item[{index}]"
        link = item.get("linkId") if isinstance(item, Mapping) else None
        kind = known.get(link) if isinstance(link, str) else None
        if kind is None:
            raise Invalid("Of this item nothing can be kept.", code="unknown_kind", field=f"{where}.linkId")
        if kind.key in found:
            raise Invalid("This item stands there twice.", code="ambiguous", field=f"{where}.linkId")
        found[kind.key] = _number(item.get("answer"), f"{where}.answer")
    return found


def _number(answers: Any, where: str) -> float:
    one = answers[0] if isinstance(answers, list) and len(answers) == 1 else None
    value = one.get("valueInteger", one.get("valueDecimal")) if isinstance(one, Mapping) and len(one) == 1 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid("One number is wanted here.", code="bad_value", field=where)
    return value
