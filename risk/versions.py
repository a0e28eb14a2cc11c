"""Which versions of models there are, which one speaks, how it holds up, and who lets another speak. Rows only: no model is loaded."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.fields.json import KT

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people.access import Viewer, parsed_id
from healthhub.people.memberships import memberships_of
from healthhub.people.models import Organisation, Role
from risk import cards
from risk.models import Version, Watch
from risk.scores.words import BANDS

CARE = frozenset({Organisation.Kind.CLINIC, Organisation.Kind.HOSPITAL})
# Of each person and assessment the newest opinion counts.
_OPINIONS = """
    SELECT version_id, count(*) FILTER (WHERE agrees), count(*) FILTER (WHERE NOT agrees) FROM (
        SELECT DISTINCT ON (o.assessment_id, o.by_id) a.version_id, o.agrees
        FROM risk_opinion o JOIN risk_assessment a ON a.id = o.assessment_id
        WHERE a.version_id = ANY(%s) ORDER BY o.assessment_id, o.by_id, o.id DESC
    ) newest GROUP BY version_id
"""


def models() -> list[dict[str, Any]]:
    """This function will tell of every model of this release: what it answers and asks for, and which version of it speaks."""
    speaking = {one.model: one for one in Version.objects.filter(state=Version.State.CHAMPION).defer("files")}
    return [_told(key, about, speaking.get(key)) for key, about in cards.released().items()]


def _told(key: str, about: Mapping[str, Any], speaking: Version | None) -> dict[str, Any]:
    about = about if speaking is None else speaking.about
    trained = meta(None if speaking is None else speaking.id, key)
    ranges = {one["name"]: {"low": one["low"], "high": one["high"]} for one in trained["features"]}
    given = ("name", "label", "unit", "group", "required", "changeable")
    return {
        "key": key,
        "name": about["name"],
        "what": about["what"],
        "not_for": about["not_for"],
        "live": about["live"],
        "staff_only": about["staff_only"],
        "bands": [band | {"words": dict(BANDS[band["key"]])} for band in about["bands"]],
        "inputs": [{name: one[name] for name in given} | {"trained": ranges.get(one["name"])} for one in about["features"]],
        "version": trained["version"],
        "version_id": None if speaking is None else speaking.id,
        "released": speaking is None or speaking.released,
        "marked_at": None if speaking is None else speaking.marked_at,
        "figures": about.get("figures") or {},
    }


@lru_cache(maxsize=64)
def meta(version_id: UUID | None, key: str) -> Mapping[str, Any]:
    """This function will give a kept version's metadata (trained ranges, figures); without an id, those of this release's files."""
    if version_id is None:
        text = (cards.HERE / key / "model.json").read_text(encoding="utf-8")
    else:
        text = Version.objects.values_list(KT("files__model.json"), flat=True).get(id=version_id)
    told: Mapping[str, Any] = json.loads(text)["meta"]
    return told


def versions_of(*, viewer: Viewer, key: str, now: datetime) -> list[Version]:
    """This function will give every version of a model, newest first, without its files.

    For staff of a clinic or hospital (NotAllowed for others). Raises NotVisible for a model that never was.
    """
    _staff(viewer, now)
    found = list(Version.objects.filter(model=key).select_related("trained_by", "decided_by").defer("files").order_by("-since", "-id"))
    if not found and key not in cards.released():
        raise NotVisible
    return found


def approve(*, version_id: UUID | str, by: Viewer, now: datetime, reason: str) -> Version:
    """This function will let a challenger speak from now on; the champion before it retires, and is kept.

    For operators of a clinic or hospital and doctors who lead their team (NotAllowed for others). Raises NotVisible, Invalid
    (`reason_needed`), and Conflict (`not_a_challenger`) for a version about which somebody decided already.
    """
    with transaction.atomic():
        version = _challenger(version_id, by, now, reason)
        Version.objects.filter(model=version.model, state=Version.State.CHAMPION).update(state=Version.State.RETIRED)
        return _decided(version, Version.State.CHAMPION, reason, by, now)


def refuse(*, version_id: UUID | str, by: Viewer, now: datetime, reason: str) -> Version:
    """This function will refuse a challenger for good. Raises as `approve`."""
    with transaction.atomic():
        version = _challenger(version_id, by, now, reason)
        return _decided(version, Version.State.REFUSED, reason, by, now)


def _challenger(version_id: UUID | str, by: Viewer, now: datetime, reason: str) -> Version:
    _decider(by, now)
    rows = Version.objects.defer("files")
    found = rows.filter(id=parsed_id(version_id)).first()
    if found is None:
        raise NotVisible
    # All of the model, in one order: two decisions at once must not both find the old champion speaking.
    locked = {one.id: one for one in rows.select_for_update().filter(model=found.model).order_by("id")}
    if locked[found.id].state != Version.State.CHALLENGER:
        raise Conflict("Somebody has decided about this version already.", code="not_a_challenger")
    if not reason.strip():
        raise Invalid("Say why.", code="reason_needed", field="reason")
    return locked[found.id]


def _decided(version: Version, state: Version.State, reason: str, by: Viewer, now: datetime) -> Version:
    version.state, version.reason, version.decided_by_id, version.decided_at = state, reason.strip(), by.person, now
    fields = ["state", "reason", "decided_by", "decided_at"]
    if state == Version.State.CHAMPION:
        version.since, fields = now, [*fields, "since"]
    version.save(update_fields=fields)
    did = "model.approve" if state == Version.State.CHAMPION else "model.refuse"
    about, detail = f"version:{version.id}", {"model": version.model, "version": version.version, "reason": version.reason}
    log.record(by=by, did=did, about=about, now=now, detail=detail)
    return version


def watch(*, viewer: Viewer, key: str, now: datetime, days: int = 90) -> list[dict[str, Any]]:
    """This function will give, for each version that was watched, its days (drift, calibration, burden) and what clinicians thought of it.

    For staff of a clinic or hospital (NotAllowed for others). Raises NotVisible for a model that never was.
    """
    versions = versions_of(viewer=viewer, key=key, now=now)
    since: date = (now - timedelta(days=days)).date()
    rows = Watch.objects.filter(version__in=versions, day__gte=since).order_by("-day")
    by_version: dict[UUID, list[Watch]] = {}
    for row in rows:
        by_version.setdefault(row.version_id, []).append(row)
    opinions = _opinions([one.id for one in versions])
    return [_watched(one, by_version.get(one.id, []), opinions.get(one.id, (0, 0))) for one in versions]


def _watched(version: Version, rows: Sequence[Watch], opinions: tuple[int, int]) -> dict[str, Any]:
    return {
        "version_id": version.id,
        "version": version.version,
        "state": version.state,
        "marked_at": version.marked_at,
        "agreed": opinions[0],
        "disagreed": opinions[1],
        "days": [
            {
                "day": row.day,
                "n": row.n,
                "abstained": row.abstained,
                "psi": row.psi,
                "observed": row.observed,
                "expected": row.expected,
                "oe": row.observed / row.expected if row.observed is not None and row.expected else None,
                "burden": row.burden,
            }
            for row in rows
        ],
    }


def _opinions(version_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_OPINIONS, [version_ids])
        return {version_id: (agreed, disagreed) for version_id, agreed, disagreed in cursor.fetchall()}


def _staff(viewer: Viewer, now: datetime) -> None:
    if not any(one.organisation.kind in CARE for one in memberships_of(viewer, now=now)):
        raise NotAllowed("Only the staff of a clinic or hospital may see this.", code="staff_only")


def may_decide(*, viewer: Viewer, now: datetime) -> bool:
    """This function will tell whether this viewer may let another version speak: operators of a clinic, doctors who lead their team."""
    for one in memberships_of(viewer, now=now):
        leads = one.role == Role.DOCTOR and one.team is not None and one.team.lead_id == viewer.person
        if one.organisation.kind in CARE and (one.role == Role.OPERATOR or leads):
            return True
    return False


def _decider(viewer: Viewer, now: datetime) -> None:
    if may_decide(viewer=viewer, now=now):
        return
    raise NotAllowed("Only an operator, or a doctor who leads her team, may decide which version speaks.", code="no_right_to_decide")
