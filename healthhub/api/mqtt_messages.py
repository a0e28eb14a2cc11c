"""What MQTT messages say, without the broker: a device's readings taken in, their fates, and the limits it is to know."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from healthhub.api import batches
from healthhub.audit import log
from healthhub.lib.refused import Invalid, NotVisible, Refused
from healthhub.people import access
from healthhub.people.access import BadToken, Viewer
from healthhub.records.catalogue import KINDS
from monitoring import expected, intake, plans
from monitoring.sent import Sent


def device_of(topic: str) -> UUID | None:
    """This function will give the device (its token's id) of a topic `healthhub/<device>/...`; None where there is none."""
    parts = topic.split("/")
    try:
        return access.parsed_id(parts[1]) if len(parts) == 3 else None
    except NotVisible:
        return None


def take(device: UUID, payload: bytes, *, now: datetime) -> bytes:
    """This function will take in one message of this device and write its answer: the fate of each reading, in its order.

    When it returns, everything is committed. Whatever is wrong with the message is said in the answer; only a database that is
    away raises. `payload_sha256` tells the device to which of its messages this answers.
    """
    answer: dict[str, Any] = {"received_at": now, "payload_sha256": hashlib.sha256(payload).hexdigest(), "counts": {}, "fates": []}
    try:
        viewer = access.viewer_of_token_id(device, now)
        if len(payload) > settings.MQTT_MAX_BYTES:
            raise batches.TooLarge
        fates = _taken(batches.split(payload, content_type="application/json"), viewer, now)
    except Refused as refused:
        return msgspec.json.encode(answer | {"refused": refused.as_dict()})
    return msgspec.json.encode(answer | {"counts": Counter(fate["fate"] for fate in fates), "fates": fates})


def _taken(parts: list[bytes], viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    patient_id = viewer.patient_id
    if patient_id is None:
        raise NotVisible
    fates: list[dict[str, Any]] = []
    kept: dict[int, Sent | Mapping[str, Any]] = {}
    unread: list[Refused] = []
    for index, part in enumerate(parts):
        try:
            sent = batches.decode(part)
            if isinstance(sent, Sent) and sent.patient not in (None, patient_id):
                raise NotVisible(field="patient")
            kept[index] = sent
        except (Invalid, NotVisible) as refused:
            unread.append(refused)
            fates.append(intake.rejected(index, refused))
    receipt = intake.receive(patient_id=patient_id, readings=[*kept.values()], by=viewer, now=now, indexes=[*kept], unread=unread)
    for fate in receipt.fates:
        sent = kept[fate["index"]]
        fates.append(fate | {"key": sent.key} if isinstance(sent, Sent) and sent.key else fate)
    return sorted(fates, key=lambda fate: fate["index"])


def limits(device: UUID, *, told: bytes | None, now: datetime) -> bytes | None:
    """This function will give what the device is to know of its patient: the rules that one value can break, and what she is to measure.

    `b""` (which clears a retained message) for a token that is revoked or may not read; None where it is the same as `told`. What
    is given is noted in the access log.
    """
    try:
        viewer = access.viewer_of_token_id(device, now, used=False)
    except BadToken:
        return None if told in (None, b"") else b""
    if viewer.patient_id is None or not viewer.may_read:
        return None if told in (None, b"") else b""
    patient, classes = access.opened(viewer, viewer.patient_id, action="read", now=now)
    kinds = [kind.key for kind in KINDS if kind.data_class in classes and viewer.covers(kind.key)]
    wanted = expected.wanted_today(patient=patient, classes=classes, now=now)
    said = {
        "rules": plans.at_once(patient_id=patient.id, kinds=kinds, now=now),
        "schedule": [{"kind": one.kind, "every": one.every.total_seconds(), "done": one.done} for one in wanted if one.kind in kinds],
    }
    payload = msgspec.json.encode(said)
    if payload == told:
        return None
    log.record(by=viewer, did="plan.read", patient_id=patient.id, now=now, detail={"by": "mqtt"})
    return payload
