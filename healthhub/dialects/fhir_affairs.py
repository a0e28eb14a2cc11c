"""HL7 FHIR R4 out: her affairs. A consent, an act of the access log, who sent a reading, a notice that speaks of her. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

TERMS = "http://terminology.hl7.org/CodeSystem/"
CLASSES, ACTS, DOCUMENT = "urn:healthhub:data-class", "urn:healthhub:act", "urn:healthhub:consent-document:"
REASONS, SEVERITIES = "urn:healthhub:notice-reason", "urn:healthhub:severity"
PRIVACY_CONSENT = {"system": "http://loinc.org", "code": "59284-0", "display": "Consent Document"}
# Our rights and purposes in FHIR's words; a purpose without a word there is told in ours.
RIGHTS: Mapping[str, str] = {"read": "access", "notify": "access", "write": "correct", "act": "use"}
PURPOSES: Mapping[str, str] = {"care": "TREAT", "caregiving": "FAMRQT", "research": "HRESCH", "programme": "HOPERAT"}
PRIORITY: Mapping[str, str] = {"red": "stat", "urgent": "urgent", "amber": "asap"}
SENT: Mapping[str, str] = {"pending": "in-progress", "delivered": "completed", "failed": "not-done", "cancelled": "stopped"}
READS = ("read", "list", "fetch", "ask")


def _patient(patient_id: UUID) -> dict[str, str]:
    return {"reference": f"Patient/{patient_id}"}


def _meta(at: datetime, version: int = 1) -> dict[str, str]:
    return {"versionId": str(version), "lastUpdated": at.isoformat()}


def consent(entry: Mapping[str, Any], *, grantee: str, given_by: str, withdrawn_at: datetime | None, now: datetime) -> dict[str, Any]:
    """This function will write a grant of the ledger (its columns by name): who may do what with which classes of data, and until when."""
    until = withdrawn_at or entry["ends_at"]
    live = entry["starts_at"] <= now and (until is None or now < until)
    purpose = PURPOSES.get(entry["purpose"])
    scope = "research" if entry["purpose"] == "research" else "patient-privacy"
    return {
        "resourceType": "Consent",
        "id": str(entry["id"]),
        "meta": _meta(withdrawn_at or entry["entered_at"], 2 if withdrawn_at else 1),
        "status": "active" if live else "proposed" if until is None or now < until else "inactive",
        "scope": {"coding": [{"system": f"{TERMS}consentscope", "code": scope}]},
        "category": [{"coding": [PRIVACY_CONSENT]}],
        "patient": _patient(entry["patient_id"]),
        "dateTime": entry["entered_at"].isoformat(),
        "performer": [{"display": given_by}],
        "policy": [{"uri": f"{DOCUMENT}{entry['document_version']}"}],
        "provision": {
            "type": "permit",
            "period": {"start": entry["starts_at"].isoformat(), **({"end": until.isoformat()} if until else {})},
            "actor": [
                {
                    "role": {"coding": [{"system": f"{TERMS}v3-ParticipationType", "code": "IRCP"}]},
                    "reference": {"display": grantee},
                }
            ],
            "action": [
                {"coding": [{"system": f"{TERMS}consentaction", "code": RIGHTS[right]}], "text": right} for right in entry["rights"]
            ],
            **({"purpose": [{"system": f"{TERMS}v3-ActReason", "code": purpose}]} if purpose else {}),
            "class": [{"system": CLASSES, "code": one} for one in entry["data_classes"]],
        },
    }


def audit_event(entry: Mapping[str, Any], *, name: str | None, words: str) -> dict[str, Any]:
    """This function will write one act of the access log; `name` is of whoever did it, None for the system itself."""
    reason = entry["detail"].get("reason")
    kind = {"user": "humanuser", "token": "dataprovider"}.get(entry["actor_kind"])
    role = {"type": {"coding": [{"system": f"{TERMS}extra-security-role-type", "code": kind}]}} if kind else {}
    return {
        "resourceType": "AuditEvent",
        "id": str(entry["id"]),
        "meta": _meta(entry["at"]),
        "type": {"system": f"{TERMS}audit-event-type", "code": "rest"},
        "subtype": [{"system": ACTS, "code": entry["did"], "display": words}],
        "action": "R" if entry["did"].rpartition(".")[2] in READS else "E",
        "recorded": entry["at"].isoformat(),
        "outcome": "0",
        **({"purposeOfEvent": [{"text": reason}]} if reason else {}),
        "agent": [{**role, "who": {"display": name or "HealthHub"}, "requestor": name is not None}],
        "source": {"observer": {"display": "HealthHub"}},
        "entity": [{"what": _patient(entry["patient_id"])}],
    }


def provenance(
    *, id_: str, patient_id: UUID, seq: int, recorded: datetime, who: str, self_reported: bool, device: str | None
) -> dict[str, Any]:
    """This function will write where a reading came from: the device that measured it, or the person who said so."""
    agent = {"reference": f"Device/{device}"} if device else {"display": who}
    part = "author" if self_reported else "assembler"
    return _provenance(id_, patient_id, seq, recorded, ("CREATE", part), agent)


def amended(*, id_: str, patient_id: UUID, change: Mapping[str, Any], who: str) -> dict[str, Any]:
    """This function will write that a reading was corrected or removed, by whom and why."""
    activity = "DELETE" if change["replaced_by_seq"] is None else "UPDATE"
    written = _provenance(id_, patient_id, change["seq"], change["at"], (activity, "author"), {"display": who})
    if change["replaced_by_seq"] is not None:
        written["target"] = [{"reference": f"Observation/{patient_id}-{change['replaced_by_seq']}"}]
        written["entity"] = [{"role": "revision", "what": {"reference": f"Observation/{patient_id}-{change['seq']}"}}]
    return written | {"reason": [{"text": change["reason"]}]}


def _provenance(
    id_: str, patient_id: UUID, seq: int, recorded: datetime, done: tuple[str, str], agent: Mapping[str, str]
) -> dict[str, Any]:
    activity, part = done
    return {
        "resourceType": "Provenance",
        "id": id_,
        "meta": _meta(recorded),
        "target": [{"reference": f"Observation/{patient_id}-{seq}"}],
        "recorded": recorded.isoformat(),
        "activity": {"coding": [{"system": f"{TERMS}v3-DataOperation", "code": activity}]},
        "agent": [{"type": {"coding": [{"system": f"{TERMS}provenance-participant-type", "code": part}]}, "who": dict(agent)}],
    }


def communication(notice: Mapping[str, Any], *, to: str, text: str | None) -> dict[str, Any]:
    """This function will write a notice that speaks of her; `text` is what it says, None where it was said to somebody else."""
    about = str(notice["about"])
    moved = [at for at in (notice["created_at"], notice["delivered_at"], notice["seen_at"]) if at]
    return {
        "resourceType": "Communication",
        "id": str(notice["id"]),
        "meta": _meta(max(moved), len(moved)),
        "status": SENT[notice["state"]],
        "category": [{"coding": [{"system": f"{TERMS}communication-category", "code": "alert"}]}],
        "priority": PRIORITY.get(notice["severity"], "routine"),
        "subject": _patient(notice["patient_id"]),
        "reasonCode": [{"coding": [{"system": REASONS, "code": notice["reason"]}, {"system": SEVERITIES, "code": notice["severity"]}]}],
        "recipient": [{"display": to}],
        **({"about": [{"reference": f"DetectedIssue/{about.removeprefix('alert:')}"}]} if about.startswith("alert:") else {}),
        **({"sent": notice["delivered_at"].isoformat()} if notice["delivered_at"] else {}),
        **({"received": notice["seen_at"].isoformat()} if notice["seen_at"] else {}),
        **({"payload": [{"contentString": text}]} if text else {}),
    }
